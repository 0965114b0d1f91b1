//! Seals that versions before have left in the audit's table are copied into the table of seals, which only this function
//! may write. They stay where they are: nothing is taken away, and nobody reads them once they are copied.

use crate::read;
use capstan_core::audit::{Fault, Finding, PublicKey, Seal, seal_key};
use capstan_core::ids::TenantId;
use capstan_core::ports::Store;
use tier_records::{SealRow, SealedRow, Transaction};
use tier_steps::StepError;

/// Seals copied in one transaction: the store takes 100 writes.
pub const AT_ONCE: usize = 90;
/// Transactions in one round for one tenant.
const PIECES: usize = 100;

/// What came of it.
pub(crate) enum Copied {
    /// All there were, if any.
    All,
    /// There are more: they are the next round's.
    Some,
    /// What is left there is no chain of seals.
    Broken(Finding),
}

/// Copies them, if that is not done, and brings the sealer's record up to it.
pub(crate) async fn copy(
    ports: &impl Store,
    keys: &[PublicKey],
    tenant: &TenantId,
    sealed: &mut SealedRow,
) -> Result<Copied, StepError> {
    if sealed.version > 0 && !sealed.copying {
        return Ok(Copied::All);
    }
    for _ in 0..PIECES {
        let after = (sealed.number > 0).then(|| seal_key(sealed.seq));
        let (rows, more) = tier_records::former_seal_rows(ports, tenant, after, AT_ONCE).await?;
        if rows.is_empty() && sealed.version == 0 {
            return Ok(Copied::All);
        }
        let (mut transaction, mut next) = (Transaction::new(), sealed.clone());
        for row in rows {
            let seal: Seal = match read(row) {
                Ok(seal) => seal,
                Err(why) => return Ok(bad(next.seq + 1, format!("a seal after it can't be read: {why}"))),
            };
            if seal.tenant_id != tenant.as_str() || !signing::genuine(keys, &seal) {
                return Ok(bad(seal.seq, "the signature of its seal is not one of the key".to_owned()));
            }
            if seal.number != next.number + 1 || seal.prev != next.digest {
                return Ok(bad(
                    seal.seq,
                    format!("seal {} does not follow seal {}", seal.number, next.number),
                ));
            }
            next.add(&seal);
            transaction.put(&mut SealRow::new(seal));
        }
        next.copying = more;
        transaction.put(&mut next);
        transaction.commit(ports).await?;
        *sealed = next;
        if !more {
            return Ok(Copied::All);
        }
    }
    Ok(Copied::Some)
}

fn bad(seq: u64, why: String) -> Copied {
    Copied::Broken(Finding { seq, fault: Fault::BadSeal, why })
}
