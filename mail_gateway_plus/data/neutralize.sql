-- A copied database neither fetches nor sends: base and mail archive the servers and
-- switch the crons off; a server that is taken up again has to be confirmed anew.
UPDATE fetchmail_server SET state = 'draft';
-- Odoo's stand-in for them all stays usable; whose turn comes first is not said.
UPDATE ir_mail_server SET state = 'draft'
 WHERE name IS DISTINCT FROM 'neutralization - disable emails';

-- A copy may be started in the environment of the original: it says nothing here.
UPDATE fetchmail_server SET environment_code = NULL, environment_proof = NULL;
UPDATE ir_mail_server SET environment_code = NULL, environment_proof = NULL;

-- Nor does it answer mail that the original answers: what waits in its journal stays.
UPDATE mail_gateway_inbound
   SET state = 'quarantined', retry_at = NULL, reason = 'Waiting when the database was copied'
 WHERE state IN ('pending', 'retry');

-- Nor does an update of the copy take up again what is parked.
UPDATE mail_gateway_inbound SET parked_under = NULL WHERE parked_under IS NOT NULL;

-- Nor does it send or look for the original's round-trip mail.
UPDATE mail_gateway_round_trip SET state = 'failed', next_look_at = NULL
 WHERE state IN ('sending', 'sent', 'late');
