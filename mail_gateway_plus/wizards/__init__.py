from . import mail_gateway_decide
from . import mail_gateway_discover
