"""moto with what it lacks for the deployed system mended, and nothing else: `python mended.py …` as `moto_server …`.

Each mending is what AWS's own service model (as botocore ships it) says; docs/fidelity.md lists them. The conformance
suites run on the emulators as they are.
"""

import botocore.session
from moto.kinesis.responses import KinesisResponse
from moto.sagemaker.models import FakeEndpointConfig
from moto.server import main


def endpoints_run_on_every_instance_type_that_the_service_has():
    """moto 5.2.5 has a list that ends before g5."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    known = set(model.shape_for("ProductionVariantInstanceType").enum)
    check = FakeEndpointConfig.validate_instance_type

    def mended(self, instance_type):
        if instance_type not in known:
            check(self, instance_type)

    FakeEndpointConfig.validate_instance_type = mended


def a_stream_keeps_the_tags_it_is_made_with():
    """moto 5.2.5 drops them."""
    create = KinesisResponse.create_stream

    def mended(self):
        answer = create(self)
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), self._get_param("Tags") or {})
        return answer

    KinesisResponse.create_stream = mended


if __name__ == "__main__":
    endpoints_run_on_every_instance_type_that_the_service_has()
    a_stream_keeps_the_tags_it_is_made_with()
    main()
