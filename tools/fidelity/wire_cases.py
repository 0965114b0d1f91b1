"""What tools/fidelity/wire.py must find, and what it must let pass: exchanges, each with the problem in it."""

import base64
import functools
import json

def exchange(models, service, body, *, uri="/", method="POST", target="", cbor=False, peer="peer", status=200, answer=b"{}"):
    """A line as the proxy writes it."""
    signed = models[service].signing_name
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/{signed}/aws4_request, S=x"}
    if target:
        headers["x-amz-target"] = f"{models[service].metadata['targetPrefix']}.{target}"
    if cbor:
        headers["smithy-protocol"] = "rpc-v2-cbor"
    encode = lambda data: base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()
    return {
        "peer": peer,
        "method": method,
        "uri": uri,
        "requestHeaders": headers,
        "requestBody": encode(body),
        "status": status,
        "responseHeaders": {"content-type": "text/xml" if models[service].protocol == "query" else "application/json"},
        "responseBody": encode(answer),
    }


def cases(models):
    """Exchanges, and what must be found in each; None: nothing."""
    stream = functools.partial(exchange, models, "kinesis", target="CreateStream", answer="")
    yield stream('{"StreamName": "s", "ShardCount": 1}'), None
    yield stream('{"StreamName": "s", "Shards": 1}'), "Shards is a member that the service does not know"
    yield stream('{"ShardCount": 1}'), "StreamName is missing"
    yield stream('{"StreamName": "s s"}'), "does not match"
    yield stream('{"StreamName": "s", "ShardCount": 0}'), "at least 1"
    yield stream('{"StreamName": "s", "ShardCount": "1"}'), "not a integer"
    yield stream('{"StreamName": "s", "StreamModeDetails": {"StreamMode": "SOME"}}'), "none of the enum's values"
    yield exchange(models, "kinesis", "{}", target="MakeStream"), "has no operation MakeStream"
    publish = functools.partial(exchange, models, "sns", answer="<PublishResponse><PublishResult/></PublishResponse>")
    version = "Action=Publish&Version=2010-03-31&Message=m"
    attribute = "&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String"
    yield publish(version + attribute), None
    yield publish(version + "&Topic=t"), "Topic is a member that the service does not know"
    yield publish(version + attribute.replace("entry", "member")), "only `entry` may be"
    yield publish("Action=Publish&Version=2010-03-31&TopicArn=t"), "Message is missing"
    yield publish("Action=Publish&Version=2012-01-01&Message=m"), "has not the version"
    modify = "Action=ModifyDBCluster&Version=2014-10-31&DBClusterIdentifier=c&ApplyImmediately="
    graph = functools.partial(
        exchange, models, "neptune", answer="<ModifyDBClusterResponse><ModifyDBClusterResult/></ModifyDBClusterResponse>"
    )
    yield graph(modify + "true"), None
    yield graph(modify + "yes"), "not a boolean"
    domain = functools.partial(exchange, models, "opensearch", uri="/2021-01-01/opensearch/domain")
    yield domain('{"DomainName": "cato"}'), None
    yield domain('{"DomainName": "c"}'), "at least 3"
    yield domain('{"DomainName": "cato", "EBSOptions": {"VolumeType": "tape"}}'), "none of the enum's values"
    yield domain('{"DomainName": "cato", "Ebs": {}}'), "Ebs is a member"
    yield domain("{}", uri="/2021-01-01/opensearch/domain/cato", method="GET"), None
    yield domain("{}", uri="/2021-01-01/nothing"), "no operation is POST"
    metrics = functools.partial(
        exchange, models, "cloudwatch", cbor=True, uri="/service/G/operation/GetMetricData", answer=b"\xa0"
    )
    yield metrics(b"\xa1\x65Since\x01"), "Since is a member"
    yield metrics(b"\xa0"), "MetricDataQueries is missing"
    yield from recorded_cases(models)


def recorded_cases(models):
    """Answers that we wrote ourselves."""
    told = functools.partial(exchange, models, "kinesis", '{"StreamName": "s"}', target="DescribeStreamSummary", peer="recorded")
    summary = {
        "StreamName": "s", "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s", "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24, "StreamCreationTimestamp": 1, "EnhancedMonitoring": [], "OpenShardCount": 1,
    }
    answer = lambda **changes: json.dumps({"StreamDescriptionSummary": summary | changes})
    yield told(answer=answer()), None
    yield told(answer=answer(Shards=1)), "Shards is a member"
    yield told(answer=answer(StreamStatus="RUNNING")), "none of the enum's values"
    yield told(answer="{}"), "StreamDescriptionSummary is missing"
    yield told(answer='{"__type": "StreamGoneException"}', status=400), "does not have"
    yield told(answer='{"__type": "ResourceNotFoundException", "message": "m"}', status=400), None
    caches = "Action=DescribeServerlessCaches&Version=2015-02-02"
    xml_answer = lambda inner: (
        "<DescribeServerlessCachesResponse><DescribeServerlessCachesResult><ServerlessCaches><member>"
        f"{inner}</member></ServerlessCaches></DescribeServerlessCachesResult></DescribeServerlessCachesResponse>"
    )
    cache = functools.partial(exchange, models, "elasticache", caches, peer="recorded")
    yield cache(answer=xml_answer("<Status>available</Status>")), None
    yield cache(answer=xml_answer("<State>available</State>")), "State is a member"
    yield cache(answer="<DescribeServerlessCachesResponse/>"), "can't be read"
