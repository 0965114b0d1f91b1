//! Asking for a change: planned by what is there, recorded with the former setting, then begun at once. A dry run shows the plan
//! and records nothing.

use crate::{Ports, Settings, go_on, objected, of_cloud, wish};
use api::{Fields, Problem, Reply, Request};
use capstan_core::ids::{ScaleId, uuid_v7};
use capstan_core::iops::scale::{
    Plan, SCALE_LIMIT, SCALES_KEPT, Scale, ScaleStatus, Scaled, Seen, Setting, plan,
};
use capstan_core::ports::{Capacity, ScalingRange, TableScaling, Throttle};
use capstan_core::tier::edit::FieldError;
use capstan_core::tier::request::reason_objection;
use capstan_core::time::Timestamp;
use iops_records::{RecordError, ScaleRow, Scaling, Transaction};
use iops_scaling::{look, reckon};
use serde::Deserialize;
use serde_json::{Value, json};

/// What was asked for.
struct Asked {
    name: String,
    wanted: Value,
    reason: String,
    dry_run: bool,
}

pub(crate) async fn ask(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    let asked = read(request)?;
    let resource = settings.resource(ports, &asked.name).await.map_err(|error| of_cloud(&error))?;
    let Some(resource) = resource else {
        let words = format!("is nothing that is scaled here: give one of {}", settings.names().join(", "));
        return Err(Problem::invalid_field("resource", words));
    };
    let wanted = setting(&resource, asked.wanted).map_err(|words| Problem::invalid_field("wanted", words))?;
    let seen = see(ports, &resource).await?;
    let now = ports.now();
    let plan = plan(&seen, &wanted, now).map_err(|objection| objected(objection, now))?;
    if asked.dry_run {
        return Ok(Reply::ok(json!({
            "resource": resource,
            "former": seen.setting,
            "wanted": wanted,
            "steps": plan.steps,
            "formerMonthlyUsd": plan.monthly.0,
            "wantedMonthlyUsd": plan.monthly.1,
            "undoableFrom": plan.undoable_from,
            "notes": plan.notes,
        })));
    }
    let id = new_id(ports, ports.wall())?;
    let change = Change { id, resource, former: seen.setting, wanted, reason: asked.reason };
    let mut row = change.row(ports, request, plan);
    let mut listed = Scaling::of(&row.resource, row.scale_id.clone());
    let mut transaction = Transaction::new();
    transaction.put(&mut row);
    transaction.put(&mut listed);
    match transaction.commit(ports).await {
        Ok(()) => Ok(go_on(ports, row).await),
        Err(RecordError::Stale { .. }) => Err(under_way(ports, &row.resource).await?),
        Err(error) => Err(error.into()),
    }
}

/// The resource with all that its limits are reckoned from.
pub(crate) async fn see(ports: &impl Ports, resource: &Scaled) -> Result<Seen, Problem> {
    let seen = look(ports, resource).await.map_err(|error| of_cloud(&error))?;
    let gone =
        || Problem::conflict("RESOURCE_GONE", format!("there is no {} that takes a change", resource.key()));
    reckon(ports, resource, seen.ok_or_else(gone)?).await.map_err(|error| of_cloud(&error))
}

/// That somebody else is at it.
pub(crate) async fn under_way(ports: &impl Ports, resource: &Scaled) -> Result<Problem, Problem> {
    let known = iops_records::scaling(ports, resource).await?;
    let words = format!("{} is being scaled already: wait for it, or undo it", resource.key());
    let mut problem = Problem::conflict("SCALE_UNDER_WAY", words);
    if let Some(known) = known {
        problem.more.insert("scaleId".to_owned(), json!(known.scale_id));
    }
    Ok(problem)
}

struct Change {
    id: ScaleId,
    resource: Scaled,
    former: Setting,
    wanted: Setting,
    reason: String,
}

impl Change {
    fn row(self, ports: &impl Ports, request: &Request, plan: Plan) -> ScaleRow {
        let wish = wish(ports, request, self.reason);
        ScaleRow(Scale {
            subject: Scale::SUBJECT.to_owned(),
            entry: self.id.to_string(),
            scale_id: self.id,
            resource: self.resource,
            former: self.former,
            wanted: self.wanted,
            steps: plan.steps,
            former_monthly: plan.monthly.0,
            wanted_monthly: plan.monthly.1,
            expires_at: wish.at.as_millis() / 1_000 + SCALES_KEPT,
            wish,
            deadline: ports.now() + SCALE_LIMIT,
            status: ScaleStatus::Running,
            held_since: None,
            tries: 0,
            undo: None,
            failure: None,
            ended_at: None,
            version: 0,
        })
    }
}

fn new_id(ports: &impl Ports, now: Timestamp) -> Result<ScaleId, Problem> {
    let id = ScaleId::parse(&uuid_v7(now.as_millis(), ports.random()));
    id.map_err(|error| Problem::new(500, "INTERNAL", error.to_string()))
}

/// Reads the request: every objection, all at once.
fn read(request: &Request) -> Result<Asked, Problem> {
    let mut fields = Fields::read(request)?;
    let mut errors: Vec<FieldError> = Vec::new();
    let mut wrong = |field: &str, message: &str| {
        errors.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let name = if let Some(Value::String(name)) = fields.take("resource") {
        name
    } else {
        wrong("resource", "give what is to be scaled: GET /scale lists it");
        String::new()
    };
    let wanted = fields.take("wanted").filter(Value::is_object);
    if wanted.is_none() {
        wrong("wanted", "give the setting wanted, in the form in which GET /scale shows the one there is");
    }
    let dry_run = match fields.take("dryRun") {
        None => false,
        Some(Value::Bool(dry_run)) => dry_run,
        Some(_) => {
            wrong("dryRun", "give true or false");
            false
        }
    };
    let reason = match fields.take("reason") {
        Some(Value::String(reason)) => reason,
        _ => String::new(),
    };
    if let Some(objection) = reason_objection(&reason).filter(|_| !dry_run) {
        wrong("reason", &objection.message);
    }
    if let (true, Some(wanted)) = (errors.is_empty(), wanted) {
        fields.finish()?;
        return Ok(Asked { name, wanted, reason, dry_run });
    }
    errors.extend(fields.rest()?.keys().map(|name| FieldError {
        field: name.chars().take(64).collect(),
        message: "is not a field of this request".to_owned(),
    }));
    Err(Problem::invalid(&errors))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFunction {
    reserved: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTable {
    capacity: Capacity,
    #[serde(default)]
    scaling: Option<TableScaling>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfEndpoint {
    instances: u32,
    #[serde(default)]
    scaling: Option<ScalingRange>,
}

/// Reads the setting of a kind of resource. A function's must say that nothing is to be reserved: silence is no wish.
fn setting(resource: &Scaled, wanted: Value) -> Result<Setting, String> {
    fn of<T: serde::de::DeserializeOwned>(wanted: Value) -> Result<T, String> {
        serde_json::from_value(wanted).map_err(|error| error.to_string())
    }
    Ok(match resource {
        Scaled::Function(_) => Setting::Function { reserved: of(of::<OfFunction>(wanted)?.reserved)? },
        Scaled::Table(_) => {
            let OfTable { capacity, scaling } = of(wanted)?;
            Setting::Table { capacity, scaling }
        }
        Scaled::Endpoint(_) => {
            let OfEndpoint { instances, scaling } = of(wanted)?;
            Setting::Endpoint { instances, scaling }
        }
        Scaled::UsagePlan(_) => Setting::UsagePlan(of::<Throttle>(wanted)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_by_the_kind_of_its_resource() {
        let function = Scaled::Function("f".to_owned());
        assert_eq!(setting(&function, json!({"reserved": null})), Ok(Setting::Function { reserved: None }));
        assert_eq!(setting(&function, json!({"reserved": 7})), Ok(Setting::Function { reserved: Some(7) }));
        let table = Scaled::Table("t".to_owned());
        let on_demand = Setting::Table { capacity: Capacity::OnDemand, scaling: None };
        assert_eq!(setting(&table, json!({"capacity": {"mode": "onDemand"}})), Ok(on_demand));
        let plan = Scaled::UsagePlan("p".to_owned());
        for (resource, wrong) in [
            (&function, json!({})),
            (&function, json!({"reserved": -1})),
            (&function, json!({"reserved": 1, "more": 1})),
            (&table, json!({"capacity": "onDemand"})),
            (&table, json!({"capacity": {"mode": "provisioned", "read": 1}})),
            (&plan, json!({"rate": 1})),
        ] {
            assert!(setting(resource, wrong.clone()).is_err(), "{wrong}");
        }
    }
}
