//! What [`Signer`] promises.

use crate::case::{Case, Checked, cases, equal, holds};
use crate::stage::Stage;
use capstan_core::ports::Signer;

pub(super) fn cases<P: Signer>() -> Vec<Case<P>> {
    cases! { "Signer":
        a_signature_is_one_of_the_key_over_its_message [sign, public_key],
        the_longest_message_is_signed [sign, public_key],
        the_key_stays_the_same [public_key],
    }
}

async fn a_signature_is_one_of_the_key_over_its_message<P: Signer>(ports: &P, stage: &Stage<'_>) -> Checked {
    let message = stage.name("sealed").into_bytes();
    let key = ports.public_key().await?;
    let signature = ports.sign(&message).await?;
    holds("the key's signature verifies", signing::verify(&key, &message, &signature))?;
    let other = stage.name("altered").into_bytes();
    holds("it is of no other message", !signing::verify(&key, &other, &signature))?;
    let again = ports.sign(&message).await?;
    holds("so does another one over it", signing::verify(&key, &message, &again))
}

async fn the_longest_message_is_signed<P: Signer>(ports: &P, _: &Stage<'_>) -> Checked {
    let message = vec![b'x'; 4_096];
    let (key, signature) = (ports.public_key().await?, ports.sign(&message).await?);
    holds("its signature verifies", signing::verify(&key, &message, &signature))
}

async fn the_key_stays_the_same<P: Signer>(ports: &P, _: &Stage<'_>) -> Checked {
    let first = ports.public_key().await?;
    equal("the key", &ports.public_key().await?, &first)
}
