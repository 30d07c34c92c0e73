from . import grievance_break_seal
