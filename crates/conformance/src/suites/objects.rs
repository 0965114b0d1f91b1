//! What [`Objects`] promises.

use crate::case::{Case, Checked, cases, equal, holds, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Objects};

pub(super) fn cases<P: Objects>() -> Vec<Case<P>> {
    cases! { "Objects":
        what_is_put_is_read_byte_by_byte [object, object_size, put_object],
        the_last_one_put_counts [object, object_size, put_object],
        what_is_absent_is_none [object, object_size],
        a_key_has_at_most_1024_bytes [put_object],
        it_is_told_where_a_key_is [object_uri],
    }
}

async fn what_is_put_is_read_byte_by_byte<P: Objects>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = format!("releases/{}/a name with ä+%.csv", stage.name("object"));
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(70_000).collect();
    ports.put_object(&key, body.clone()).await?;
    holds("it is the same", ports.object(&key).await? == Some(body))?;
    equal("its length", &ports.object_size(&key).await?, &Some(70_000))
}

async fn the_last_one_put_counts<P: Objects>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = stage.name("object");
    for body in [b"first".to_vec(), b"first".to_vec(), Vec::new()] {
        let size = body.len() as u64;
        ports.put_object(&key, body.clone()).await?;
        equal("what is there", &ports.object(&key).await?, &Some(body))?;
        equal("its length", &ports.object_size(&key).await?, &Some(size))?;
    }
    Ok(())
}

async fn what_is_absent_is_none<P: Objects>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = stage.name("absent");
    equal("the object", &ports.object(&key).await?, &None)?;
    equal("its length", &ports.object_size(&key).await?, &None)
}

async fn a_key_has_at_most_1024_bytes<P: Objects>(ports: &P, _: &Stage<'_>) -> Checked {
    let refusal = ports.put_object(&"k".repeat(1_025), Vec::new()).await;
    refused("a longer one", CloudErrorKind::Invalid, refusal)
}

async fn it_is_told_where_a_key_is<P: Objects>(ports: &P, _: &Stage<'_>) -> Checked {
    let uri = ports.object_uri("releases/r-1/train.csv");
    holds(
        "it is a bucket and the key",
        uri.starts_with("s3://") && uri.ends_with("/releases/r-1/train.csv") && uri.len() > 28,
    )
}
