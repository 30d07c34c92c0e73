from . import mail_gateway_inbound
from . import mail_gateway_rule
