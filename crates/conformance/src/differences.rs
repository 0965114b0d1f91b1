//! Where a backend is known to do otherwise than a port promises, each with its reason.
//!
//! The list is held to both ways: a case that fails and is not listed is a failed test, and so is one that is listed and
//! passes. A difference of the simulation is one that nobody mended yet, or that can't be.

use crate::run::Backend;

/// How a backend differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It has not what the case needs.
    Absent,
    /// It has it, and does otherwise.
    Differs,
    /// It does otherwise now and then: not to be told beforehand, so that both outcomes are let pass.
    Unsteady,
}

impl Kind {
    /// Its name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Differs | Self::Unsteady => "differs",
        }
    }
}

/// A known difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Of which backend.
    pub backend: Backend,
    /// The port.
    pub port: &'static str,
    /// The case.
    pub case: &'static str,
    /// How.
    pub kind: Kind,
    /// Why.
    pub why: &'static str,
}

/// What is known of a case.
pub fn of(backend: Backend, port: &str, case: &str) -> Option<&'static Difference> {
    ALL.iter().find(|known| known.backend == backend && known.port == port && known.case == case)
}

macro_rules! differences {
    ($($backend:ident $kind:ident $why:literal: $($port:ident { $($case:ident),+ $(,)? })+;)*) => {
        /// Every known difference.
        pub const ALL: &[Difference] = &[$($($(Difference {
            backend: Backend::$backend,
            port: stringify!($port),
            case: stringify!($case),
            kind: Kind::$kind,
            why: $why,
        },)+)+)*];
    };
}

differences! {
    Sim Differs "its stored form separates the two parts of a key by U+001F, so neither may hold it":
        Store { a_control_character_may_be_in_a_key };

    Moto Differs "everything is done at once: it has no life cycles":
        Domains { takes_no_change_while_it_is_processed }
        CacheGroups { takes_no_change_unless_available }
        GraphClusters { takes_no_change_unless_available }
        GraphInstances { is_not_deleted_while_it_is_made }
        Streams { takes_no_change_while_it_is_made_or_changed }
        Tagging { a_cache_takes_no_tags_unless_available };
    Moto Absent "it has no UpdateEndpoint":
        Endpoints {
            is_brought_to_another_configuration, nothing_can_be_done_to_what_is_absent,
            takes_no_change_while_it_is_made_or_changed,
        };
    Moto Differs "what is made under a name that is taken replaces what was there":
        Endpoints { a_name_is_taken_once }
        EndpointConfigs { a_name_is_taken_once }
        Domains { a_name_is_taken_once };
    Moto Differs "it does not check counts, ranges and lengths":
        Endpoints { a_variant_is_never_without_instances }
        EndpointConfigs { an_instance_is_the_least }
        EndpointScaling { the_least_is_not_above_the_most }
        Domains { a_name_has_28_characters_at_most, a_data_node_is_the_least }
        CacheGroups { a_name_has_40_characters_at_most }
        GraphClusters { a_capacity_is_a_range_in_half_units }
        GraphInstances { serverless_needs_a_capacity }
        Streams { shards_go_to_double_or_half_at_most }
        Notifier { a_subject_is_never_empty }
        Store { a_number_too_large_is_refused };
    Moto Differs "it keeps no limits: not of an account, not of a day, not of a transaction":
        Endpoints { more_than_the_account_may_have_is_refused }
        Streams { the_mode_is_switched_twice_a_day }
        Store { a_transaction_has_4_mb_at_most };
    Moto Differs "whoever is subscribed has confirmed at once":
        Subscriptions { who_has_not_confirmed_has_no_arn };
    Moto Differs "it takes any text for an address of mail":
        Subscriptions { an_address_is_one_of_its_protocol };
    Moto Absent "its DescribeAlarmHistory fails inside of it":
        Alarms { what_an_alarm_calls_is_in_its_history };
    Moto Differs "its bill is one that is given to it, without groups":
        Spending { what_was_billed_today_is_told };
    Moto Differs "it takes keys of any length":
        Objects { a_key_has_at_most_1024_bytes };
    Moto Differs "what is made under the name of a job or a model replaces what was there":
        TrainingJobs { a_name_is_taken_once_for_good }
        Models { a_name_is_taken_once };
    Moto Absent "it has no StopTrainingJob":
        TrainingJobs { can_be_stopped, what_is_absent_is_not_found };
    Moto Differs "any endpoint answers, by what is queued":
        Inference { an_endpoint_that_is_not_there_answers_nothing };
    Moto Differs "to CBOR, which the SDK speaks with CloudWatch, it answers XML":
        Alarms {
            an_alarm_that_is_not_there_is_none, an_alarm_is_found_by_its_name_and_the_beginning_of_it,
            a_state_that_is_set_is_told_with_its_reason,
        }
        Vitals { a_stream_that_nobody_reads_has_no_age };
    Moto Differs "its limit for an item is 405000 bytes, where the service has 409600":
        Store { an_item_has_400_kb_at_most };
    Moto Unsteady "two transactions at once now and then fail inside of it, and the SDK's second try then meets what the \
        first one wrote":
        Store { of_two_at_once_one_wins };
    Moto Differs "an attribute that is not there equals null":
        Store { an_attribute_that_is_not_there_is_not_null };
    Moto Differs "of the instance types it knows those before ml.g5":
        EndpointConfigs { the_instance_types_of_the_tiers_are_taken };
    Moto Differs "a target that is not registered is a ValidationException, where the service says ObjectNotFoundException":
        EndpointScaling { what_is_not_registered_is_removed_all_the_same };
    Moto Differs "it scales endpoints that it does not know":
        EndpointScaling { an_unknown_endpoint_is_not_found };
    Moto Differs "a change of what is absent fails inside of it":
        Domains { nothing_can_be_done_to_what_is_absent }
        GraphClusters { nothing_can_be_done_to_what_is_absent };
    Moto Absent "it has neither data-access policies nor account settings of OpenSearch Serverless":
        Collections {
            is_made_and_deleted, is_made_anew_after_its_deletion, a_name_is_taken_once, what_is_absent_is_not_found,
            is_not_deleted_while_it_is_made, the_accounts_limits_are_set_and_seen, limits_too_small_are_refused,
        }
        Tagging { collection_tags_come_and_go }
        Inventory { a_collection_is_found };
    Moto Differs "it tells of one node, however many were asked for":
        CacheGroups { is_made_seen_and_deleted, the_node_type_changes, replicas_come, replicas_go };
    Moto Absent "it has no ModifyReplicationGroupShardConfiguration":
        CacheGroups { shards_come, shards_go };
    Moto Differs "a deleted group is `deleting` for ever":
        CacheGroups { a_final_snapshots_name_is_taken_once };
    Moto Absent "it has no serverless caches":
        ServerlessCaches {
            is_made_changed_and_deleted, a_name_is_taken_once, nothing_can_be_done_to_what_is_absent,
            limits_are_a_range_from_1000_up, a_final_snapshots_name_is_taken_once, takes_no_change_unless_available,
        }
        Tagging { serverless_cache_tags_come_and_go, an_absent_serverless_cache_takes_none }
        Inventory { a_serverless_cache_is_found };
    Moto Differs "CreateStream drops the tags, which the service takes since 2025":
        Streams { bears_the_tags_it_was_made_with };
    Moto Absent "its GetResources does not look there":
        Inventory { a_domain_is_found, a_stream_is_found };
    Moto Absent "as a server it interprets no machine: an execution runs until it is stopped":
        Workflows {
            an_execution_comes_to_its_end, a_history_tells_how_each_state_went,
            what_is_stopped_ends_in_its_history,
        };
    Moto Differs "it names the refusal SourceTableNotFound, which the service's model does not have":
        TableBackups { nothing_is_restored_of_an_absent_table };
    Moto Absent "it has no GetAccountSettings of Lambda":
        Concurrency { nothing_is_kept_for_an_absent_function };
    Moto Differs "deleting a feed that is not there is answered well":
        Feeds { an_absent_function_is_not_fed };
    Moto Differs "a stream is fed to the same function any number of times":
        Feeds { a_stream_feeds_a_function_once };
    Moto Differs "a function keeps its revision for life, and any revision is taken":
        Functions { a_revision_is_good_for_one_change };
    Moto Differs "what scales is registered without a look at the table":
        TableAutoScaling { an_absent_table_is_not_scaled };
    Moto Absent "it does not speak CBOR, which is how the SDK asks CloudWatch":
        Traffic {
            the_use_of_an_endpoint_is_told, the_use_of_a_domain_is_told, the_use_of_a_collection_is_told,
            the_use_of_a_cache_group_is_told, the_use_of_a_serverless_cache_is_told,
            the_use_of_a_graph_cluster_is_told, the_use_of_a_stream_is_told, what_was_never_measured_is_not_used,
        };

    Ministack Differs "everything is done at once: it has no life cycles":
        Domains { takes_no_change_while_it_is_processed }
        Collections { is_not_deleted_while_it_is_made }
        CacheGroups { takes_no_change_unless_available }
        ServerlessCaches { takes_no_change_unless_available }
        GraphClusters { takes_no_change_unless_available }
        GraphInstances { is_not_deleted_while_it_is_made }
        Streams { takes_no_change_while_it_is_made_or_changed }
        Tagging { a_cache_takes_no_tags_unless_available };
    Ministack Absent "it has no SageMaker and no Application Auto Scaling":
        Endpoints {
            is_made_resized_and_deleted, is_brought_to_another_configuration, a_name_is_taken_once,
            nothing_can_be_done_to_what_is_absent, an_unknown_configuration_is_not_found,
            a_variant_is_never_without_instances, more_than_the_account_may_have_is_refused,
            takes_no_change_while_it_is_made_or_changed,
        }
        EndpointConfigs {
            is_made_and_deleted, a_name_is_taken_once, what_is_absent_is_not_found,
            the_instance_types_of_the_tiers_are_taken, an_instance_is_the_least,
            names_come_by_prefix_in_order_from_all_pages,
        }
        EndpointScaling {
            is_set_changed_and_removed, what_is_not_registered_is_removed_all_the_same,
            an_unknown_endpoint_is_not_found, the_least_is_not_above_the_most,
        }
        Tagging { endpoint_tags_come_and_go, an_absent_endpoint_takes_none }
        Inventory { an_endpoint_is_found };
    Ministack Differs "it does not check counts, ranges and lengths":
        Domains { a_data_node_is_the_least }
        CacheGroups { a_name_has_40_characters_at_most }
        ServerlessCaches { limits_are_a_range_from_1000_up }
        GraphClusters { a_capacity_is_a_range_in_half_units }
        GraphInstances { serverless_needs_a_capacity }
        Streams { shards_go_to_double_or_half_at_most }
        Workflows { a_name_has_80_characters_at_most }
        Notifier { a_subject_is_never_empty };
    Ministack Absent "it has no account settings of OpenSearch Serverless":
        Collections { the_accounts_limits_are_set_and_seen, limits_too_small_are_refused };
    Ministack Differs "the list of a group's members stays as it was when replicas come or go":
        CacheGroups { replicas_come, replicas_go };
    Ministack Absent "it has no ModifyReplicationGroupShardConfiguration":
        CacheGroups { shards_come, shards_go };
    Ministack Differs "it takes no final snapshot, so that its name stays free":
        CacheGroups { a_final_snapshots_name_is_taken_once }
        ServerlessCaches { a_final_snapshots_name_is_taken_once }
        GraphClusters { a_final_snapshots_name_is_taken_once };
    Ministack Differs "an instance may be made in a cluster that is not there":
        GraphInstances { a_cluster_that_is_absent_takes_none };
    Ministack Differs "a cluster whose writer is deleted is left without one":
        GraphInstances { a_writer_that_is_deleted_hands_over };
    Ministack Differs "CreateStream drops the tags, which the service takes since 2025":
        Streams { bears_the_tags_it_was_made_with };
    Ministack Differs "UpdateShardCount is taken in on-demand mode":
        Streams { on_demand_has_no_shards_to_set };
    Ministack Absent "it has no UpdateStreamMode":
        Streams { the_mode_is_switched_twice_a_day };
    Ministack Absent "its GetResources does not look there":
        Inventory {
            a_domain_is_found, a_collection_is_found, a_graph_cluster_is_found, a_stream_is_found,
            parts_of_resources_are_left_out,
        };
    Ministack Differs "a second start of the same name and input is refused while the first one runs":
        Workflows { started_twice_is_started_once };
    Ministack Absent "it has no Cost Explorer":
        Costs { a_tenant_that_was_not_billed_cost_nothing, what_was_billed_is_told }
        Spending { days_are_told_in_order_and_no_others, what_was_billed_today_is_told };
    Ministack Differs "whoever is subscribed has confirmed at once":
        Subscriptions { who_has_not_confirmed_has_no_arn };
    Ministack Differs "it takes any text for an address of mail":
        Subscriptions { an_address_is_one_of_its_protocol };
    Ministack Differs "it takes keys of any length":
        Objects { a_key_has_at_most_1024_bytes };
    Ministack Absent "it has no Application Auto Scaling":
        TableAutoScaling { an_absent_table_is_not_scaled, a_table_is_scaled_as_it_is_set };
    Ministack Differs "a stream is fed to the same function any number of times":
        Feeds { a_stream_feeds_a_function_once };
    Ministack Differs "it keeps limits as text once they are changed":
        UsagePlans { the_limits_of_a_plan_are_as_they_are_set };
    Ministack Absent "it has no SageMaker":
        TrainingJobs {
            is_made_and_seen, a_name_is_taken_once_for_good, can_be_stopped, what_is_absent_is_not_found,
        }
        Models { is_made_and_deleted, a_name_is_taken_once, what_is_absent_is_not_found }
        Inference { an_endpoint_that_is_not_there_answers_nothing };
    Ministack Absent "the history of an alarm has no actions there":
        Alarms { what_an_alarm_calls_is_in_its_history };
    Ministack Absent "its GetMetricData knows no SEARCH":
        Traffic {
            the_use_of_a_domain_is_told, the_use_of_a_collection_is_told, the_use_of_a_cache_group_is_told,
            what_was_never_measured_is_not_used,
        };
}

/// Operations that no peer has. They are held to by recorded answers alone.
pub const UNPEERED: &[(&str, &str, &str)] = &[
    ("sagemaker", "UpdateEndpoint", "moto has endpoints without it, ministack has no SageMaker"),
    ("sagemaker", "StopTrainingJob", "moto has training jobs without it, ministack has no SageMaker"),
    ("opensearchserverless", "GetAccountSettings", "neither has the account's settings"),
    ("opensearchserverless", "UpdateAccountSettings", "neither has the account's settings"),
    ("elasticache", "ModifyReplicationGroupShardConfiguration", "neither changes the number of shards"),
];

/// Why no peer has an operation, if none has it.
pub fn unpeered(service: &str, operation: &str) -> Option<&'static str> {
    UNPEERED.iter().find(|(of, name, _)| *of == service && *name == operation).map(|(_, _, why)| *why)
}
