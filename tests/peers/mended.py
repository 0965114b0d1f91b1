"""An emulator with what it lacks for whole transitions mended, and nothing else: `python mended.py ministack`, or
`python mended.py moto …` as `moto_server …`.

Each mending is what AWS's own service models and documents say; docs/fidelity.md lists them. The conformance suites run on
the emulators as they are.
"""

import sys


def a_search_for_metrics_finds_nothing():
    """ministack 1.5.33 answers a SEARCH with `InternalError`. No metrics are kept there for what it would find."""
    from ministack.services import cloudwatch

    answer = cloudwatch._get_metric_data

    def mended(params, data, is_cbor, is_json=False):
        if data:
            queries = data.get("MetricDataQueries", [])
            queries = [one for one in queries if not one.get("Expression", "").startswith("SEARCH(")]
            data = data | {"MetricDataQueries": queries}
        return answer(params, data, is_cbor, is_json)

    cloudwatch._get_metric_data = mended


def endpoints_run_on_every_instance_type_that_the_service_has():
    """moto 5.2.5 has a list that ends before g5."""
    import botocore.session
    from moto.sagemaker.models import FakeEndpointConfig

    model = botocore.session.get_session().get_service_model("sagemaker")
    known = set(model.shape_for("ProductionVariantInstanceType").enum)
    check = FakeEndpointConfig.validate_instance_type

    def mended(self, instance_type):
        if instance_type not in known:
            check(self, instance_type)

    FakeEndpointConfig.validate_instance_type = mended


def a_stream_keeps_the_tags_it_is_made_with():
    """moto 5.2.5 drops them."""
    from moto.kinesis.responses import KinesisResponse

    create = KinesisResponse.create_stream

    def mended(self):
        answer = create(self)
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), self._get_param("Tags") or {})
        return answer

    KinesisResponse.create_stream = mended


def ministack():
    """ministack, mended."""
    from ministack.app import main

    a_search_for_metrics_finds_nothing()
    main()


def moto():
    """moto's server, mended."""
    from moto.server import main

    endpoints_run_on_every_instance_type_that_the_service_has()
    a_stream_keeps_the_tags_it_is_made_with()
    main()


if __name__ == "__main__":
    emulators = {"ministack": ministack, "moto": moto}
    if len(sys.argv) < 2 or sys.argv[1] not in emulators:
        sys.exit(__doc__)
    emulators[sys.argv.pop(1)]()
