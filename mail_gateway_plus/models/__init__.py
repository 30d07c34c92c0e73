from . import mail_gateway_confirmable
from . import ir_mail_server
from . import fetchmail_server
from . import mail_gateway_inbound
from . import mail_gateway_raw
from . import mail_gateway_attempt
from . import mail_mail
from . import mail_thread
