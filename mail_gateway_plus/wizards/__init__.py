from . import mail_compose_message
from . import mail_gateway_change_server
from . import mail_gateway_decide
from . import mail_gateway_move_mails
from . import mail_gateway_test_reply
from . import mail_gateway_discover
from . import mail_gateway_dry_run
from . import mail_gateway_rehearse_limits
