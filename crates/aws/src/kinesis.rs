//! Kinesis data streams.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent, count, counted};
use crate::tags;
use aws_sdk_kinesis::types::{
    ScalingType, StreamDescriptionSummary, StreamMode as TheirMode, StreamModeDetails,
    StreamStatus as Theirs, Tag,
};
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Stream, StreamMode, StreamStatus, Streams, TagKey, Tags,
};
use std::collections::HashMap;

const SERVICE: Service = Service { name: "kinesis", table };

/// What this service's refusals mean. `LimitExceeded` is said of three things.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "ResourceInUse" if said.operation == "CreateStream" => CloudErrorKind::AlreadyExists,
        "LimitExceeded" if said.mentions(&["rate exceeded", "too many requests"]) => {
            CloudErrorKind::Throttled
        }
        // To more than double or to less than half.
        "LimitExceeded" if said.mentions(&["double", "half"]) => CloudErrorKind::Invalid,
        "ProvisionedThroughputExceeded" => CloudErrorKind::Throttled,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn tag_map(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.as_str().to_owned(), value.clone())).collect()
}

fn mode(mode: StreamMode, operation: &'static str, name: &str) -> CloudResult<StreamModeDetails> {
    let theirs = match mode {
        StreamMode::OnDemand => TheirMode::OnDemand,
        StreamMode::Provisioned => TheirMode::Provisioned,
    };
    let built = StreamModeDetails::builder().stream_mode(theirs).build();
    built.map_err(|error| call(operation, name).refuse(CloudErrorKind::Invalid, error.to_string()))
}

fn stream(seen: &StreamDescriptionSummary, tags: Tags) -> Stream {
    let on_demand =
        seen.stream_mode_details().is_some_and(|details| *details.stream_mode() == TheirMode::OnDemand);
    Stream {
        status: match seen.stream_status() {
            Theirs::Creating => StreamStatus::Creating,
            Theirs::Active => StreamStatus::Active,
            Theirs::Deleting => StreamStatus::Deleting,
            _ => StreamStatus::Updating,
        },
        mode: if on_demand { StreamMode::OnDemand } else { StreamMode::Provisioned },
        open_shards: counted(Some(seen.open_shard_count())),
        tags,
    }
}

impl Aws {
    async fn describe_stream(&self, name: &str) -> CloudResult<StreamDescriptionSummary> {
        let call = call("DescribeStreamSummary", name);
        let answer = look!(call, self.kinesis().describe_stream_summary().stream_name(name))?;
        call.need(answer.stream_description_summary, "StreamDescriptionSummary")
    }

    async fn stream_tags(&self, name: &str) -> CloudResult<Vec<Tag>> {
        let mut all: Vec<Tag> = Vec::new();
        loop {
            let after = all.last().map(|tag| tag.key().to_owned());
            let request =
                self.kinesis().list_tags_for_stream().stream_name(name).set_exclusive_start_tag_key(after);
            let page = look!(call("ListTagsForStream", name), request)?;
            let more = page.has_more_tags() && !page.tags().is_empty();
            all.extend(page.tags);
            if !more {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn tag_stream(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let request = self.kinesis().add_tags_to_stream().stream_name(name).set_tags(Some(tag_map(tags)));
        change!(call("AddTagsToStream", name), request).map(drop)
    }

    pub(crate) async fn untag_stream(&self, name: &str, keys: &[TagKey]) -> CloudResult<()> {
        let request =
            self.kinesis().remove_tags_from_stream().stream_name(name).set_tag_keys(Some(tags::names(keys)));
        change!(call("RemoveTagsFromStream", name), request).map(drop)
    }
}

impl Streams for Aws {
    async fn stream(&self, name: &str) -> CloudResult<Option<Stream>> {
        let Some(seen) = absent(self.describe_stream(name).await)? else { return Ok(None) };
        let Some(list) = absent(self.stream_tags(name).await)? else { return Ok(None) };
        Ok(Some(stream(&seen, tags::known(list.iter().map(|tag| (Some(tag.key()), tag.value()))))))
    }

    async fn create_stream(&self, name: &str, shards: Option<u32>, tags: &Tags) -> CloudResult<()> {
        let wanted = if shards.is_some() { StreamMode::Provisioned } else { StreamMode::OnDemand };
        let request = self.kinesis().create_stream().stream_name(name).set_shard_count(shards.map(count));
        let request = request.stream_mode_details(mode(wanted, "CreateStream", name)?);
        // The service refuses an empty set of them.
        let request = request.set_tags((!tags.is_empty()).then(|| tag_map(tags)));
        change!(call("CreateStream", name), request).map(drop)
    }

    async fn set_shards(&self, name: &str, shards: u32) -> CloudResult<()> {
        let request = self.kinesis().update_shard_count().stream_name(name).target_shard_count(count(shards));
        change!(call("UpdateShardCount", name), request.scaling_type(ScalingType::UniformScaling)).map(drop)
    }

    /// The one call about a stream that takes no name.
    async fn set_mode(&self, name: &str, wanted: StreamMode) -> CloudResult<()> {
        let arn = self.describe_stream(name).await?.stream_arn;
        let request = self.kinesis().update_stream_mode().stream_arn(arn);
        let request = request.stream_mode_details(mode(wanted, "UpdateStreamMode", name)?);
        change!(call("UpdateStreamMode", name), request).map(drop)
    }

    async fn delete_stream(&self, name: &str) -> CloudResult<()> {
        let request = self.kinesis().delete_stream().stream_name(name).enforce_consumer_deletion(true);
        change!(call("DeleteStream", name), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::SERVICE;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Invalid, NotFound, Quota, Throttled, Unknown,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        let limit = "LimitExceededException";
        for (operation, status, code, message, kind) in [
            ("DescribeStreamSummary", 400, "ResourceNotFoundException", "Stream s not found", NotFound),
            ("CreateStream", 400, "ResourceInUseException", "Stream s already exists", AlreadyExists),
            ("DeleteStream", 400, "ResourceInUseException", "Stream s is being created", Busy),
            ("UpdateShardCount", 400, "ResourceInUseException", "Stream is UPDATING", Busy),
            ("UpdateShardCount", 400, "InvalidArgumentException", "cannot scale over double", Invalid),
            ("UpdateShardCount", 400, limit, "to more than double your current open shard count", Invalid),
            ("UpdateShardCount", 400, "ValidationException", "on-demand mode", Invalid),
            ("UpdateStreamMode", 400, limit, "switched twice in 24 hours", Quota),
            ("DescribeStreamSummary", 400, limit, "Rate exceeded for stream", Throttled),
            ("CreateStream", 500, "InternalFailureException", "", Unknown),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }
}
