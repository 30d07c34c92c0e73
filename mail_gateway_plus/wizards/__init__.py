from . import mail_gateway_decide
