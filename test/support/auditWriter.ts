import process from 'node:process'
import { createAuditLog } from '../../src/main/core/audit/auditLog.ts'
import { hashHex } from '../../src/main/drivers/host/randomness.ts'
import { openSqliteAudit } from '../../src/main/drivers/storage/sqliteAudit.ts'

/** Appends to the audit log of the folder it is given, as fast as it can, until it is killed or has made so many entries. */
const [file = '', name = '', count = 'Infinity'] = process.argv.slice(2)
const audit = createAuditLog({
  store: openSqliteAudit(file), clock: { wallMs: () => Date.now() }, who: { host: 'cli', user: name }, log: () => undefined,
  hashText: (text) => hashHex('sha256', new TextEncoder().encode(text)),
})
for (let number = 1; number <= Number(count); number += 1) {
  audit.append({ what: 'note', subject: name, details: { number } })
  process.stdout.write(`${number}\n`)
}
