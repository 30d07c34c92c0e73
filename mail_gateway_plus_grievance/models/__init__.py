from . import grievance_stage
from . import grievance_ticket
from . import mail_thread
