//! What [`Models`] promises.

use crate::case::{Case, Checked, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Model, Models};

pub(super) fn cases<P: Models>() -> Vec<Case<P>> {
    cases! { "Models":
        is_made_and_deleted [model, create_model, delete_model],
        a_name_is_taken_once [model, create_model],
        what_is_absent_is_not_found [model, delete_model],
    }
}

fn named(name: String) -> Model {
    Model {
        name,
        image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/risk:1".to_owned(),
        artifact: "s3://iops-ml-data-123456789012/releases/r-1/model.tar.gz".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/iops-model".to_owned(),
    }
}

async fn is_made_and_deleted<P: Models>(ports: &P, stage: &Stage<'_>) -> Checked {
    let made = named(stage.name("model"));
    equal("before it is made", &ports.model(&made.name).await?, &None)?;
    ports.create_model(&made, &stage.tags()?).await?;
    equal("once made", &ports.model(&made.name).await?, &Some(made.clone()))?;
    ports.delete_model(&made.name).await?;
    equal("once deleted", &ports.model(&made.name).await?, &None)
}

async fn a_name_is_taken_once<P: Models>(ports: &P, stage: &Stage<'_>) -> Checked {
    let made = named(stage.name("model"));
    ports.create_model(&made, &stage.tags()?).await?;
    let other = Model { artifact: format!("{}.other", made.artifact), ..made.clone() };
    let again = ports.create_model(&other, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)?;
    equal("it is the first one", &ports.model(&made.name).await?, &Some(made))
}

async fn what_is_absent_is_not_found<P: Models>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("model");
    equal("it", &ports.model(&name).await?, &None)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_model(&name).await)
}
