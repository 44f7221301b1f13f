/** Commands and clients are kept whole as JSON; the columns beside it are what is looked for. */
export const fleetTables = `
  CREATE TABLE commands (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, client TEXT NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL,
    issued_ms REAL NOT NULL, due_ms REAL, chosen_group TEXT, via TEXT NOT NULL, idempotency_key TEXT UNIQUE, json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX commands_of ON commands (client, number);
  CREATE INDEX commands_due ON commands (due_ms) WHERE due_ms IS NOT NULL;
  CREATE INDEX commands_in ON commands (chosen_group) WHERE chosen_group IS NOT NULL;
  CREATE INDEX commands_queued ON commands (via, number) WHERE state = 'queued';
  CREATE TRIGGER commands_remain BEFORE DELETE ON commands BEGIN SELECT RAISE(ABORT, 'a command is never forgotten'); END;
  CREATE TRIGGER ends_stay BEFORE UPDATE ON commands WHEN old.state IN ('completed', 'failed', 'timed_out', 'expired', 'blocked', 'canceled')
    BEGIN SELECT RAISE(ABORT, 'a final state is final'); END;
  CREATE TABLE command_events (number INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, at_ms REAL NOT NULL, what TEXT NOT NULL, detail TEXT) STRICT;
  CREATE INDEX events_of ON command_events (command, number);
  CREATE TRIGGER events_stay BEFORE UPDATE ON command_events BEGIN SELECT RAISE(ABORT, 'events are only appended to'); END;
  CREATE TRIGGER events_remain BEFORE DELETE ON command_events BEGIN SELECT RAISE(ABORT, 'events are only appended to'); END;
  CREATE TABLE acks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms REAL NOT NULL, command TEXT NOT NULL, client TEXT NOT NULL, status TEXT NOT NULL,
    error_code TEXT, error_message TEXT, verdict TEXT NOT NULL
  ) STRICT;
  CREATE INDEX acks_of ON acks (command, number);
  CREATE TABLE clients (uuid TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE alerts (client TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE security (number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms REAL NOT NULL, kind TEXT NOT NULL, client TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
  CREATE TABLE bulks (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, json TEXT NOT NULL) STRICT;
  CREATE TABLE bulk_items (bulk TEXT NOT NULL, position INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (bulk, position)) STRICT;
  CREATE TABLE escalations (number INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, at_ms REAL NOT NULL, json TEXT NOT NULL) STRICT;
  CREATE INDEX escalations_of ON escalations (client, number);
`
