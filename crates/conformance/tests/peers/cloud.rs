//! A cloud that others wrote: what must be there before the suites begin, and the hands behind it.
//!
//! What happens behind the port's back is asked of the peer directly, in plain requests, past the record of what our
//! adapters do.

use aws::{Aws, AwsConfig, Environment, sdk_config};
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{Entropy, SortKind, Table, Workflows};
use capstan_core::tier::{ResourceKind, ResourceRef};
use conformance::case::{Failure, Run};
use conformance::proxy::{Proxy, Request, ask};
use conformance::run::Backend;
use conformance::stage::{Backstage, Job};
use conformance::suites::MODEL;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// What the peers take a moment for, if for anything.
const MOMENT: Duration = Duration::from_millis(20);

/// An archive with nothing in it: no case runs a function.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

pub(crate) struct Cloud {
    backend: Backend,
    url: String,
    run: u32,
    aws: Aws,
    topic: String,
    _proxy: Proxy,
}

impl Cloud {
    /// The cloud at `url`, with tables, a state machine, a topic and a model.
    pub(crate) async fn new(backend: Backend, url: &str, wire: &Path) -> Self {
        let random = aws::Machine.random();
        let run = u32::from_be_bytes([random[0], random[1], random[2], random[3]]);
        let peer = Peer { url };
        let suffix = format!("-{run:08x}");
        for table in Table::ALL {
            peer.make_table(table, table.name(), &suffix).await.unwrap();
        }
        let machine = peer.make_machine(&format!("cato-conformance{suffix}")).await.unwrap();
        let topic = peer.make_topic(&format!("cato-alerts{suffix}")).await.unwrap();
        let key = peer.make_key().await.unwrap();
        let bucket = format!("iops-ml-data-{run:08x}");
        peer.make_bucket(&bucket).await.unwrap();
        if backend == Backend::Moto {
            peer.make_model().await.unwrap();
        }
        let proxy = Proxy::recording(url, backend.as_str(), wire);
        let pairs = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", proxy.url()),
            ("TABLE_SUFFIX", &suffix),
            ("STATE_MACHINE_ARN", &machine),
            ("ALERT_TOPIC_ARN", &topic),
            ("AUDIT_KEY_ARN", &key),
            ("ML_BUCKET", &bucket),
            ("COLLECTION_PRINCIPALS", "arn:aws:iam::123456789012:role/app"),
        ];
        let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let aws = Aws::new(AwsConfig::read(&environment).unwrap(), sdk_config(&environment).unwrap());
        Self { backend, url: url.to_owned(), run, aws, topic, _proxy: proxy }
    }

    pub(crate) fn ports(&self) -> &Aws {
        &self.aws
    }

    /// A number that no other run has.
    pub(crate) fn run(&self) -> u32 {
        self.run
    }

    fn peer(&self) -> Peer<'_> {
        Peer { url: &self.url }
    }
}

impl Backstage for Cloud {
    fn pass(&self) -> Run<'_> {
        Box::pin(async {
            tokio::time::sleep(MOMENT).await;
            Ok(())
        })
    }

    fn patience(&self) -> u32 {
        50
    }

    fn stop_execution<'a>(&'a self, name: &'a str) -> Run<'a> {
        Box::pin(async move {
            let arn = self.aws.execution_arn(name);
            self.peer()
                .json("states", "AWSStepFunctions.StopExecution", &json!({ "executionArn": arn }))
                .await?;
            Ok(())
        })
    }

    fn use_resource<'a>(&'a self, resource: &'a ResourceRef) -> Run<'a> {
        Box::pin(async move {
            let (namespace, metric, dimensions) = metric(resource);
            let mut form = format!(
                "Action=PutMetricData&Version=2010-08-01&Namespace={namespace}\
                 &MetricData.member.1.MetricName={metric}&MetricData.member.1.Value=7"
            );
            for (at, (name, value)) in dimensions.iter().enumerate() {
                let at = at + 1;
                form.push_str(&format!(
                    "&MetricData.member.1.Dimensions.member.{at}.Name={name}\
                     &MetricData.member.1.Dimensions.member.{at}.Value={value}"
                ));
            }
            self.peer().form("monitoring", &form).await.map(drop)
        })
    }

    fn make_alarm<'a>(&'a self, name: &'a str) -> Run<'a> {
        Box::pin(async move {
            let form = format!(
                "Action=PutMetricAlarm&Version=2010-08-01&AlarmName={name}&Namespace=AWS/Lambda&MetricName=Errors\
                 &Statistic=Sum&Period=300&EvaluationPeriods=1&Threshold=1\
                 &ComparisonOperator=GreaterThanThreshold&TreatMissingData=notBreaching\
                 &AlarmActions.member.1={}",
                self.topic
            );
            self.peer().form("monitoring", &form).await.map(drop)
        })
    }

    fn make_table<'a>(&'a self, name: &'a str) -> Run<'a> {
        Box::pin(async move { self.peer().make_table(Table::IopsMetrics, name, "").await })
    }

    fn make_backup<'a>(&'a self, table: &'a str) -> Run<'a> {
        Box::pin(async move {
            let body = json!({ "TableName": table, "BackupName": "by-hand" });
            self.peer().json("dynamodb", "DynamoDB_20120810.CreateBackup", &body).await.map(drop)
        })
    }

    fn make_function<'a>(&'a self, name: &'a str) -> Run<'a> {
        Box::pin(async move {
            self.peer().make_role().await?;
            let body = json!({
                "FunctionName": name,
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Role": "arn:aws:iam::123456789012:role/cato-functions",
                "Code": { "ZipFile": EMPTY_ZIP },
                "Environment": { "Variables": {} },
            });
            self.peer().rest("lambda", "/2015-03-31/functions", &body).await
        })
    }

    fn make_feed<'a>(&'a self, function: &'a str, _: &'a str, stream_arn: &'a str) -> Run<'a> {
        Box::pin(async move {
            let body = json!({
                "FunctionName": function,
                "EventSourceArn": stream_arn,
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 250,
            });
            self.peer().rest("lambda", "/2015-03-31/event-source-mappings/", &body).await
        })
    }

    fn make_usage_plan<'a>(&'a self, name: &'a str) -> Run<'a> {
        Box::pin(async move {
            let body = json!({ "name": name, "throttle": { "rateLimit": 10, "burstLimit": 20 } });
            self.peer().rest("apigateway", "/usageplans", &body).await
        })
    }

    fn bill<'a>(&'a self, _: &'a TenantId) -> Job<'a, Usd> {
        Box::pin(async move {
            if self.backend != Backend::Moto {
                return Err(Failure("nobody can be billed there".to_owned()));
            }
            let total = json!({ "UnblendedCost": { "Amount": "350.105", "Unit": "USD" } });
            let period = json!({ "Start": "2026-11-01", "End": "2026-11-30" });
            let result = json!({ "TimePeriod": period, "Total": total, "Groups": [], "Estimated": true });
            let body = json!({ "results": [{ "ResultsByTime": [result] }] });
            let request = Request::post("/moto-api/static/ce/cost-and-usage-results", &[], body.to_string());
            self.peer().ask(&request).await?;
            Ok(Usd::micros(350_105_000))
        })
    }
}

/// The metric that tells of a resource's use, as its service publishes it.
fn metric(resource: &ResourceRef) -> (&'static str, &'static str, Vec<(&'static str, String)>) {
    let name = resource.name.clone();
    let account = || ("ClientId", "123456789012".to_owned());
    match resource.kind {
        ResourceKind::Endpoint => {
            let variant = ("VariantName", "AllTraffic".to_owned());
            ("AWS/SageMaker", "Invocations", vec![("EndpointName", name), variant])
        }
        ResourceKind::Domain => ("AWS/ES", "OpenSearchRequests", vec![account(), ("DomainName", name)]),
        ResourceKind::Collection => {
            let id = ("CollectionId", "07tjusf2h91cunochc".to_owned());
            ("AWS/AOSS", "SearchRequestRate", vec![account(), id, ("CollectionName", name)])
        }
        ResourceKind::CacheGroup => {
            ("AWS/ElastiCache", "CurrConnections", vec![("CacheClusterId", format!("{name}-001"))])
        }
        ResourceKind::ServerlessCache => ("AWS/ElastiCache", "CurrConnections", vec![("clusterId", name)]),
        ResourceKind::GraphCluster => {
            ("AWS/Neptune", "TotalRequestsPerSec", vec![("DBClusterIdentifier", name)])
        }
        ResourceKind::Stream => ("AWS/Kinesis", "IncomingRecords", vec![("StreamName", name)]),
    }
}

/// The peer itself, asked directly.
struct Peer<'a> {
    url: &'a str,
}

impl Peer<'_> {
    async fn ask(&self, request: &Request) -> Result<String, Failure> {
        let answer = ask(self.url, request).await.map_err(|error| Failure(error.to_string()))?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if (200..300).contains(&answer.status) {
            return Ok(body);
        }
        Err(Failure(format!("{}: {} {body}", request.operation(), answer.status)))
    }

    /// Whom it is for stands in the signature; nobody checks that.
    fn signed(service: &str) -> String {
        let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
    }

    async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, Failure> {
        let version = if ["sagemaker", "kms"].contains(&service) { "1.1" } else { "1.0" };
        let kind = format!("application/x-amz-json-{version}");
        let headers =
            [("authorization", &*Self::signed(service)), ("content-type", &kind), ("x-amz-target", target)];
        let answer = self.ask(&Request::post("/", &headers, body.to_string())).await?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    }

    async fn form(&self, service: &str, body: &str) -> Result<String, Failure> {
        let kind = "application/x-www-form-urlencoded";
        let headers = [("authorization", &*Self::signed(service)), ("content-type", kind)];
        self.ask(&Request::post("/", &headers, body)).await
    }

    /// A table of the name and suffix, with the keys of one of ours.
    async fn make_table(&self, table: Table, name: &str, suffix: &str) -> Result<(), Failure> {
        let mut attributes = vec![(table.partition_key(), "HASH")];
        attributes.extend(table.sort_key().map(|name| (name, "RANGE")));
        let keys: Vec<Value> =
            attributes.iter().map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind })).collect();
        let definitions: Vec<Value> = attributes
            .iter()
            .map(|(name, kind)| {
                let number = *kind == "RANGE" && table.sort_kind() == SortKind::Number;
                json!({ "AttributeName": name, "AttributeType": if number { "N" } else { "S" } })
            })
            .collect();
        let body = json!({
            "TableName": format!("{name}{suffix}"),
            "KeySchema": keys,
            "AttributeDefinitions": definitions,
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.json("dynamodb", "DynamoDB_20120810.CreateTable", &body).await.map(drop)
    }

    /// The machine that the suite of workflows is about. It holds by waiting for a worker that never comes.
    async fn make_machine(&self, name: &str) -> Result<String, Failure> {
        let activity =
            self.json("states", "AWSStepFunctions.CreateActivity", &json!({ "name": name })).await?;
        let definition = json!({
            "StartAt": "Which",
            "States": {
                "Which": {
                    "Type": "Choice",
                    "Choices": [
                        { "Variable": "$.hold", "BooleanEquals": true, "Next": "Hold" },
                        { "Variable": "$.fail", "BooleanEquals": true, "Next": "Bad" },
                    ],
                    "Default": "Good",
                },
                "Hold": { "Type": "Task", "Resource": activity["activityArn"], "End": true },
                "Good": { "Type": "Succeed" },
                "Bad": { "Type": "Fail", "Error": "Asked" },
            },
        });
        let body = json!({
            "name": name,
            "definition": definition.to_string(),
            "roleArn": "arn:aws:iam::123456789012:role/states",
        });
        let made = self.json("states", "AWSStepFunctions.CreateStateMachine", &body).await?;
        made["stateMachineArn"].as_str().map(str::to_owned).ok_or_else(|| Failure(made.to_string()))
    }

    async fn make_topic(&self, name: &str) -> Result<String, Failure> {
        let answer = self.form("sns", &format!("Action=CreateTopic&Version=2010-03-31&Name={name}")).await?;
        let arn = answer.split("<TopicArn>").nth(1).and_then(|rest| rest.split('<').next());
        arn.map(str::to_owned).ok_or(Failure(answer))
    }

    async fn make_key(&self) -> Result<String, Failure> {
        let body = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" });
        let made = self.json("kms", "TrentService.CreateKey", &body).await?;
        made["KeyMetadata"]["Arn"].as_str().map(str::to_owned).ok_or_else(|| Failure(made.to_string()))
    }

    async fn make_bucket(&self, name: &str) -> Result<(), Failure> {
        let headers = [("authorization", &*Self::signed("s3"))];
        self.ask(&Request::put(&format!("/{name}"), &headers, "")).await.map(drop)
    }

    async fn rest(&self, service: &str, path: &str, body: &Value) -> Result<(), Failure> {
        let headers = [("authorization", &*Self::signed(service)), ("content-type", "application/json")];
        self.ask(&Request::post(path, &headers, body.to_string())).await.map(drop)
    }

    /// It may be there from an earlier case.
    async fn make_role(&self) -> Result<(), Failure> {
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22\
                      %3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
        let form = format!(
            "Action=CreateRole&Version=2010-05-08&RoleName=cato-functions&AssumeRolePolicyDocument={policy}"
        );
        match self.form("iam", &form).await {
            Err(Failure(words)) if words.contains("EntityAlreadyExists") => Ok(()),
            made => made.map(drop),
        }
    }

    /// It may be there from an earlier run.
    async fn make_model(&self) -> Result<(), Failure> {
        let body = json!({
            "ModelName": MODEL,
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/model",
            "PrimaryContainer": { "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/model:1" },
        });
        match self.json("sagemaker", "SageMaker.CreateModel", &body).await {
            Err(Failure(words)) if words.contains("existing") => Ok(()),
            made => made.map(drop),
        }
    }
}
