//! What is sealed already, held against the sealer's own record: the last seal, and a piece of the chain under it.

use crate::{key_of, read};
use capstan_core::audit::{
    ENTRIES, Entry, Fault, Finding, Place, PublicKey, Seal, Verifier, entry_key, seal_key,
};
use capstan_core::ids::TenantId;
use capstan_core::ports::Store;
use tier_records::{HeadRow, SealedRow};
use tier_steps::StepError;

/// Entries under seals that are looked at again each time a tenant's audit is sealed.
pub const LOOKED_AT_AGAIN: usize = 200;

/// What is wrong with the last seal or with where the chain ends, as far as that is told without walking it.
pub(crate) fn objection(sealed: &SealedRow, last: Option<&Seal>, head: &HeadRow) -> Option<Finding> {
    let (number, seq) = (sealed.number, sealed.seq);
    let found = |seq, fault, why| Some(Finding { seq, fault, why });
    match last {
        None if number > 0 => found(seq, Fault::SealRemoved, format!("its seal, number {number}, is gone")),
        Some(last) if sealed.version == 0 => {
            let why = "the record of what was sealed is gone from the table of seals".to_owned();
            found(last.seq, Fault::SealRemoved, why)
        }
        Some(last) if last.number < number => {
            let why =
                format!("its seal, number {number}, is gone: the last one there is number {}", last.number);
            found(seq, Fault::SealRemoved, why)
        }
        Some(last) if last.digest() != sealed.digest => {
            found(last.seq, Fault::BadSeal, "its seal is not the one that was made".to_owned())
        }
        _ if head.seq < seq => {
            let why = format!("the chain is cut off: its head says {}, and entry {seq} was sealed", head.seq);
            found(head.seq + 1, Fault::CutOff, why)
        }
        _ => None,
    }
}

/// Verifies the next piece of what is sealed, from where the last look ended, with its seals; after the end it begins anew. A
/// chain that is no longer than a piece is gone over whole each time.
/// Answers up to where all is good, or what is wrong.
pub(crate) async fn look_again(
    ports: &impl Store,
    keys: &[PublicKey],
    tenant: &TenantId,
    sealed: &SealedRow,
    last: &Seal,
) -> Result<Result<Place, Finding>, StepError> {
    let whole = last.seq <= LOOKED_AT_AGAIN as u64 || sealed.checked.seq >= last.seq;
    let from = if whole { Place::default() } else { sealed.checked.clone() };
    let to = last.seq.min(from.seq + LOOKED_AT_AGAIN as u64);
    let seals = tier_records::seal_rows(ports, tenant, Some(seal_key(from.seq)), LOOKED_AT_AGAIN).await?;
    let after = Some(entry_key(from.seq));
    let (rows, _) = tier_records::audit_rows(ports, tenant, ENTRIES, after, false, LOOKED_AT_AGAIN).await?;
    let mut verifier = Verifier::resume(tenant.as_str(), &from, last.before());
    for seal in seals.into_iter().filter(|row| key_of(row).is_some_and(|key| key <= seal_key(to).as_str())) {
        match read::<Seal>(seal) {
            Ok(seal) => verifier.seal(seal, |seal| signing::genuine(keys, seal)),
            Err(why) => verifier.unreadable_seal(&why),
        }
    }
    for row in rows.into_iter().filter(|row| key_of(row).is_some_and(|key| key <= entry_key(to).as_str())) {
        verifier.entry(read::<Entry>(row).as_ref().map_err(Clone::clone));
    }
    let Some(place) = verifier.place() else {
        return Ok(Err(verifier.finding().cloned().unwrap_or_else(|| gone(from.seq + 1, to))));
    };
    if place.seq < to {
        return Ok(Err(gone(place.seq + 1, last.seq)));
    }
    if to == last.seq && place.number != last.number {
        let why = format!("seals are gone: number {} is followed by {}", place.number, last.number);
        return Ok(Err(Finding { seq: to, fault: Fault::SealRemoved, why }));
    }
    Ok(Ok(place))
}

fn gone(seq: u64, sealed: u64) -> Finding {
    let why = format!("it is gone, and all after it up to entry {sealed} was sealed");
    Finding { seq, fault: Fault::CutOff, why }
}
