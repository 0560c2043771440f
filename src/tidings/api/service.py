"""To be replaced."""
from tidings.api.endpoint import Endpoint
ENDPOINTS: tuple[Endpoint, ...] = ()
