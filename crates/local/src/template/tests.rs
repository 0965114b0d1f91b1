//! Templates: one that has a little of everything, with one thing wrong at a time, and the real one.

use super::{Description, Pattern, Source};
use crate::functions::registry;
use crate::toy;
use crate::{StartError, System};
use capstan_core::access::PUBLIC;
use capstan_core::time::Millis;
use serde_json::json;
use sim::{SharedWorld, WorldConfig};

const RICH: &str = r#"
Parameters:
  Environment: { Type: String, Default: dev }
  Days: { Type: Number, Default: 7 }
  Secret: { Type: String }
Conditions:
  Local: !Equals [!Ref Environment, local]
  NotLocal: !Not [!Condition Local]
Globals:
  Function:
    Timeout: 60
    Environment: { Variables: { DAYS: !Ref Days, WHO: global } }
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      Auth:
        DefaultAuthorizer: Mine
        Authorizers: { Mine: { FunctionArn: !GetAtt Guard.Arn } }
  Guard:
    Type: AWS::Serverless::Function
    Properties: { FunctionName: !Sub "cato-guard-${Environment}" }
  One:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: the-one } }
    Properties:
      FunctionName: !Join ["-", [cato, one, !Ref Environment]]
      Timeout: 5
      Role: !ImportValue nobody-reads-this
      Environment:
        Variables:
          WHO: own
          ARN: !Sub "arn:${AWS::Partition}:x:${AWS::Region}:${AWS::AccountId}:${Table}/${Other}/${!kept}"
          LONG: { "Fn::Sub": ["${a}-${Environment}", { a: !GetAtt Table.Arn }] }
          TOPIC: !Ref Topic
          IF: !If [Local, here, there]
          OTHER_IF: !If [NotLocal, here, there]
      Events:
        Get: { Type: Api, Properties: { RestApiId: !Ref Api, Method: get, Path: "/a/{b}" } }
        Open: { Type: Api, Properties: { Method: POST, Path: /open, Auth: { Authorizer: NONE } } }
        Tick: { Type: Schedule, Properties: { Schedule: rate(5 minutes) } }
        Off: { Type: Schedule, Properties: { Schedule: rate(5 minutes), Enabled: false } }
        Ended: { Type: EventBridgeRule, Properties: { Pattern: { source: [aws.states], detail: { stateMachineArn: [!Ref Machine] } } } }
  Other: { Type: "AWS::S3::Bucket" }
  Absent:
    Type: AWS::Serverless::Function
    Condition: NotLocal
    Properties: { FunctionName: absent }
  Table:
    Type: AWS::DynamoDB::Table
    Properties: { TableName: !Sub "cato_app_config-${Environment}", TimeToLiveSpecification: { AttributeName: gone_at, Enabled: true } }
  Topic:
    Type: AWS::SNS::Topic
    Properties: { TopicName: !Sub "alerts-${Environment}" }
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: !Sub "cato-m-${Environment}"
      DefinitionSubstitutions: { OneArn: !GetAtt One.Arn }
      Definition: { StartAt: A, States: { A: { Type: Task, Resource: "${OneArn}", End: true } } }
"#;

fn read(text: &str) -> Result<Description, String> {
    Description::parse("t.yaml", text, &toy::parameters()).map_err(|error| error.to_string())
}

#[test]
fn a_template_becomes_plain_values() {
    let description = read(RICH).unwrap();
    let one = description.function("One").unwrap();
    assert_eq!((one.name.as_str(), one.crate_name.as_str()), ("cato-one-local", "the-one"));
    assert_eq!(one.arn, "arn:aws:lambda:us-east-1:000000000000:function:cato-one-local");
    assert_eq!(one.timeout, Millis::seconds(5));
    let env: Vec<&str> = ["ARN", "DAYS", "IF", "LONG", "OTHER_IF", "TOPIC", "WHO"]
        .iter()
        .map(|name| one.env[*name].as_str())
        .collect();
    assert_eq!(
        env,
        [
            "arn:aws:x:us-east-1:000000000000:cato_app_config-local/Other/${kept}",
            "7",
            "here",
            "arn:aws:dynamodb:us-east-1:000000000000:table/cato_app_config-local-local",
            "there",
            "arn:aws:sns:us-east-1:000000000000:alerts-local",
            "own",
        ]
    );
    let guard = description.function("Guard").unwrap();
    assert_eq!(
        (guard.crate_name.as_str(), guard.timeout, guard.env["WHO"].as_str()),
        ("guard", Millis::seconds(60), "global")
    );
    assert!(description.function("Absent").is_none());
    let routes: Vec<_> = description
        .routes
        .iter()
        .map(|route| (route.method.as_str(), route.path.as_str(), route.authorizer.as_deref()))
        .collect();
    assert_eq!(routes, [("GET", "/a/{b}", Some("Guard")), ("POST", "/open", None)]);
    assert_eq!(description.schedules.len(), 1);
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:cato-m-local";
    let pattern = json!({ "source": ["aws.states"], "detail": { "stateMachineArn": [arn] } });
    assert_eq!(description.rules[0].pattern, Pattern::parse(&pattern).unwrap());
    assert_eq!(description.state_machines[0].definition["States"]["A"]["Resource"], one.arn);
    assert_eq!(
        (description.tables[0].name.as_str(), description.topics[0].as_str()),
        ("cato_app_config-local", "alerts-local")
    );
    assert_eq!(description.tables[0].time_to_live.as_deref(), Some("gone_at"));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (from, to, words) in [
        (
            "WHO: own",
            "WHO: !Ref Nobody",
            &["Resources.One.Properties.Environment.Variables.WHO", "`Nobody`"][..],
        ),
        ("WHO: own", "WHO: !Ref Secret", &["Variables.WHO", "`Secret` has no default"]),
        ("WHO: own", "WHO: !GetAtt Table.LatestStreamLabel", &["Variables.WHO", "LatestStreamLabel"]),
        ("WHO: own", "WHO: !FindInMap [a, b, c]", &["Variables.WHO", "FindInMap"]),
        ("WHO: own", "WHO: [1, 2]", &["Variables.WHO", "must be a text"]),
        ("WHO: own", "WHO: !If [Nope, a, b]", &["there is no condition `Nope`"]),
        ("Timeout: 5\n", "Timeout: 5000\n", &["Resources.One.Properties.Timeout", "1 to 900"]),
        ("rate(5 minutes), Enabled: false", "cron(* * * * ? *)", &["Events.Off", "rate(N minutes)"]),
        (
            "Type: Api, Properties: { Method: POST",
            "Type: SQS, Properties: { Method: POST",
            &["Events.Open", "`SQS`"],
        ),
        (
            "Definition: {",
            "DefinitionUri: nowhere.json #",
            &["Resources.Machine.Properties.DefinitionUri", "nowhere.json"],
        ),
        ("${OneArn}", "${TwoArn}", &["TwoArn", "DefinitionSubstitutions"]),
        ("Local: !Equals [!Ref Environment, local]", "Local: !Condition NotLocal", &["refers to itself"]),
        (
            "FunctionName: !Sub \"cato-guard-${Environment}\"",
            "Timeout: 3",
            &["Resources.Guard.Properties.FunctionName", "needs a name"],
        ),
        ("Parameters:", "{{{", &["not YAML"]),
    ] {
        assert!(RICH.contains(from), "{from}");
        let error = read(&RICH.replacen(from, to, 1)).unwrap_err();
        assert!(error.starts_with("t.yaml: "), "{error}");
        for word in words {
            assert!(error.contains(word), "{to}: {error}");
        }
    }
    assert!(read("just: text").unwrap_err().contains("no Resources"));
}

fn the_real_one() -> Description {
    Source::BuiltIn.read(&crate::issuer::parameters()).unwrap()
}

fn start(description: Description, registry: &[crate::functions::Function]) -> StartError {
    System::new(description, registry, SharedWorld::in_memory(WorldConfig::default())).unwrap_err()
}

#[test]
fn the_template_of_this_repository_and_the_code_fit_together() {
    let description = the_real_one();
    assert_eq!(description.state_machines[0].name, "cato-tier-transition-local");
    for route in &description.routes {
        let public =
            PUBLIC.iter().any(|(method, path, _)| (*method, *path) == (&*route.method, &*route.path));
        let authorizer = (!public).then_some("AuthorizerFunction");
        assert_eq!(route.authorizer.as_deref(), authorizer, "{} {}", route.method, route.path);
    }
    System::new(description, registry(), SharedWorld::in_memory(WorldConfig::default())).unwrap();
}

#[test]
fn without_an_issuer_the_place_that_needs_it_is_named() {
    let error = Source::BuiltIn.read(&toy::parameters()).unwrap_err().to_string();
    assert!(error.contains("OIDC_ISSUER") && error.contains("OidcIssuer"), "{error}");
}

#[test]
fn a_function_without_a_handler_and_a_handler_without_a_function_stop_the_start() {
    let missing: Vec<_> = registry().into_iter().filter(|function| function.name != "tier-read").collect();
    let message = start(the_real_one(), &missing).to_string();
    assert!(
        message.contains("TierReadFunction") && message.contains("tier-read") && message.contains("registry"),
        "{message}"
    );
    let mut description = the_real_one();
    description.functions.retain(|function| function.crate_name != "reap-retired");
    let message = start(description, &registry()).to_string();
    assert!(message.contains("`reap-retired`") && message.contains("AWS::Serverless::Function"), "{message}");
}

#[test]
fn what_else_does_not_fit_stops_the_start() {
    let one = [toy::code("one", |_, _| Ok(json!(null)))];
    let function = toy::function("One", "one", "");
    let task = "{ StartAt: A, States: { A: { Type: Task, Resource: 'arn:aws:lambda:x:y:function:gone', End: true } } }";
    let error = start(toy::describe(&format!("{function}{}", toy::machine(task, &[]))), &one);
    assert!(error.to_string().contains("function:gone"), "{error}");
    let broken = "{ StartAt: B, States: { A: { Type: Succeed } } }";
    let error = start(toy::describe(&format!("{function}{}", toy::machine(broken, &[]))), &one);
    assert!(matches!(error, StartError::Machine { .. }), "{error}");
    let table = "  T: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: unheard-of } }\n";
    let error = start(toy::describe(&format!("{function}{table}")), &one);
    assert!(error.to_string().contains("cato_tier_ledger"), "{error}");
    let twice = "Events: { A: { Type: Api, Properties: { Method: GET, Path: /a } }, B: { Type: Api, Properties: { Method: GET, Path: /a } } }";
    let error = start(toy::describe(&toy::function("One", "one", twice)), &one);
    assert!(error.to_string().contains("GET /a"), "{error}");
    let picky =
        crate::functions::Function::new("one", |env| Err(format!("ENVIRONMENT is `{}`", env["ENVIRONMENT"])));
    let error = start(toy::describe(&function), &[picky]);
    assert!(error.to_string().contains("One can't be configured: ENVIRONMENT is `local`"), "{error}");
}
