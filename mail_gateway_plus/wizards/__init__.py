from . import mail_gateway_decide
from . import mail_gateway_move_mails
from . import mail_gateway_test_reply
