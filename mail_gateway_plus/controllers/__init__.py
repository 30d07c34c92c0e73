from . import mail_gateway_inbound
