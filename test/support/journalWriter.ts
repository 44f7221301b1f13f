/** Run as a program: starts a job in the journal file given, tells a line, and goes on for ever. It is there to be killed. */
import { openSqliteJournal } from '../../src/main/drivers/storage/sqliteJournal.ts'
import { openSqliteLeases } from '../../src/main/drivers/storage/sqliteLeases.ts'
import { numbered } from './planFixture.ts'

const file = process.argv[2] ?? ''
const journal = openSqliteJournal(file, { log: () => undefined })
const leases = openSqliteLeases(file)
leases.tryTake('cam-1', { holder: 'Restore of Camera 1 (other process)', sinceMs: Date.now() })
for (const event of numbered('crashed', [{ type: 'job-started' }, { type: 'phase-started', phase: 'write:kernel' }])) journal.append(event)
process.stdout.write('written\n')
setInterval(() => undefined, 1_000)
