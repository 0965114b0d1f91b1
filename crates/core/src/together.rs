//! Several things at once, without a runtime.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Carries out all of them at once and gives their results in the order of the futures.
pub async fn together<'a, T: 'a>(
    futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'a>,
) -> Vec<T> {
    type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
    let mut running: Vec<Option<Boxed<'a, T>>> =
        futures.into_iter().map(|future| Some(Box::pin(future) as Boxed<'a, T>)).collect();
    let mut results: Vec<Option<T>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut left = false;
        for (future, result) in running.iter_mut().zip(&mut results) {
            if let Some(polled) = future.as_mut().map(|future| future.as_mut().poll(context)) {
                match polled {
                    Poll::Ready(value) => (*result, *future) = (Some(value), None),
                    Poll::Pending => left = true,
                }
            }
        }
        if left { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    results.into_iter().flatten().collect()
}
