import type { Guard } from './guard.ts'

const gate = { project: 'integration', file: 'src/main/core/rack/actOnPower.ts', tests: 'test/integration/power/powerGate.test.ts' } as const
const chain = { project: 'unit', file: 'src/main/core/audit/auditChain.ts', tests: 'src/main/core/audit/auditChain.test.ts' } as const

const told = { project: 'integration', file: 'src/main/hosts/cli/commands/audit.ts', tests: 'test/integration/audit/auditCommand.test.ts', named: 'proved, exported and proved again' } as const

const box = { project: 'integration', file: 'src/main/drivers/storage/secretsBox.ts', tests: 'test/integration/secrets/secretsBox.test.ts' } as const

const shell = { project: 'integration', file: 'src/main/hosts/electron/pageWindow.ts', tests: 'test/integration/hosts/builtElectron.test.ts', named: 'may tell the desktop of an alarm' } as const

/** Power, the audit log, secrets, and what the window's page may do. */
export const safetyGuards: readonly Guard[] = [
  { says: 'no page of somebody else is granted anything', ...shell, find: "permission === 'notifications' && isOurPage(requestingUrl)", replace: "permission === 'notifications'" },
  { says: 'our page is granted notifications and nothing else', ...shell, find: "permission === 'notifications' && isOurPage(requestingUrl)", replace: 'isOurPage(requestingUrl)' },
  { says: 'what is asked without a question is judged the same', ...shell, find: "permission === 'notifications' && origin.replace(", replace: 'origin.replace(' },
  { says: 'power is not cut while a job has the camera', ...gate, named: 'while a job writes flash', find: 'if (busy.length > 0) override(act, busy, deps)', replace: '' },
  { says: 'only the exact name overrides', ...gate, named: 'while a job writes flash', find: 'if (force !== wanted) {', replace: 'if (force.trim().toLowerCase() !== wanted) {' },
  { says: 'the name of another camera switches nothing', ...gate, named: 'the name of another camera', find: 'if (busy.length === 0) checkTyped(act)', replace: '' },
  { says: 'a neighbour on the same switch counts', file: 'src/main/core/rack/rackBook.ts', project: 'integration', tests: gate.tests, named: 'while a job writes flash', find: '(own.powerResource !== undefined && each.own.powerResource === own.powerResource)', replace: 'false' },
  { says: 'what was said before a cut is no sign of power', file: 'src/main/core/rack/rackBook.ts', project: 'integration', tests: 'test/integration/power/lastWords.test.ts', named: 'no sign of power', find: 'clock.nowMs() - entry.cutAtMs > lastWordsMs', replace: 'true' },
  { says: 'a job whose power was cut is not done', file: 'src/main/core/jobs/jobBook.ts', project: 'integration', tests: 'test/integration/jobs/jobBook.test.ts', named: 'the ground was taken', find: 'entry.brokenOff ? { ok: false, error: entry.brokenOff } : given', replace: 'given' },
  { says: 'a camera that is given back while the disk is full is free', file: 'src/main/drivers/storage/sqliteLeases.ts', project: 'integration', tests: 'test/integration/jobs/sqliteJournal.test.ts', named: 'given back while the disk is full', find: "!owed.has(String(row['token'])) && ", replace: '' },
  { says: 'the end of a job that found no room is kept when there is some', file: 'src/main/core/jobs/jobBook.ts', project: 'integration', tests: 'test/integration/jobs/jobBook.test.ts', named: 'a disk that fills up', find: '    void keepOwed(entry)\n', replace: '' },
  { says: 'power is in the audit log before it is cut', ...gate, named: 'an audit log that takes nothing', find: "deps.audit.around({ what: `power ${action}`, subject: name, details: { camera: target.spec.cameraId } }, work)", replace: 'work()' },
  { says: 'a job that writes is in the audit log before it starts', file: 'src/main/core/jobs/jobBook.ts', project: 'integration', tests: gate.tests, named: 'an audit log that takes nothing', find: '      beforeStart(job)\n', replace: '' },
  { says: 'what cannot be written down is not done', file: 'src/main/core/audit/auditLog.ts', project: 'integration', tests: 'test/integration/audit/auditLog.test.ts', named: 'is not done, and the words say why', find: '      throw refusedFor(note, cause)\n', replace: "      return sealEntry({ seq: 0, atMs: 0, who, what: note.what, subject: String(cause), details: {}, prev: firstPrev }, hashText)\n" },
  { says: 'an entry fits its hash', ...chain, named: 'any single byte', find: 'if (hashText(canonicalJson(body)) !== hash) return', replace: 'if (hash === firstPrev) return' },
  { says: 'an entry follows the one before it', ...chain, named: 'written anew with a hash of its own', find: "if (entry.prev !== (before?.hash ?? firstPrev)) return", replace: 'if (entry.prev === entry.hash) return' },
  { says: 'an entry is written as we write', ...chain, named: 'any single byte', find: 'entry.success && canonicalJson(value) === line', replace: 'entry.success' },
  { says: 'a log that was cut off is noticed by its head', ...chain, named: 'an end that was cut off', find: 'if (!isHeadSeen && head !== firstPrev) return', replace: 'if (isHeadSeen && head === firstPrev) return' },
  { says: 'a log whose end nobody has noted is not called complete', ...told, find: 'return noted === undefined', replace: "return noted === ''" },
  { says: 'an empty log is not called unchanged', ...told, find: "  if (entries === 0) return 'The log is empty", replace: "  if (entries < 0) return 'The log is empty" },
  { says: 'a log whose last line is not whole is told apart from a broken one', ...told, find: "state === 'torn' ? exitCodes.interrupted : exitCodes.refusedOrFailed", replace: 'exitCodes.refusedOrFailed' },
  { says: 'a log that is no plain file is not read', file: 'src/main/drivers/files/bootFiles.ts', project: 'integration', tests: told.tests, named: 'a log that is no plain file', find: '    if (!facts.isFile()) throw', replace: '    if (facts.isSocket()) throw' },
  { says: 'more than eight are switched only with their number', file: 'src/main/composition/powerMany.ts', project: 'integration', tests: 'test/integration/power/powerMany.test.ts', named: 'more than eight', find: 'confirm?.trim() !== String(cameraIds.length)', replace: 'confirm === undefined' },
  { says: 'cameras do not start together', file: 'src/main/composition/powerMany.ts', project: 'integration', tests: 'test/integration/power/powerMany.test.ts', named: 'one after the other', find: '      if (begun.length > 0) await clock.sleep(staggerMs, either).catch(() => undefined)\n', replace: '' },
  { says: 'a camera in maintenance is left out', file: 'src/main/composition/powerMany.ts', project: 'integration', tests: 'test/integration/power/powerMany.test.ts', named: 'one after the other', find: '  if (maintenance) return', replace: '  if (!maintenance) return' },
  { says: 'secrets others could read are closed to them', ...box, named: 'what other users could read', find: '    await chmod(path, mode)\n', replace: '' },
  { says: 'an old readable secret goes only when the new one was read back', ...box, named: 'does not give back what it took', find: "if (open(ref, kept[ref] ?? '') !== text) throw", replace: "if (open(ref, kept[ref] ?? '') === '') throw" },
  { says: 'a Linux without a keyring is not called protected', file: 'src/main/hosts/electron/keyVault.ts', project: 'integration', tests: box.tests, named: 'a Linux without a keyring', find: "backend !== 'basic_text' && ", replace: '' },
  { says: 'a restore of another camera is accepted in the audit log first', file: 'src/main/composition/restoreDesk.ts', project: 'integration', tests: 'test/integration/identity.test.ts', named: 'until somebody accepts it', find: 'auditAcceptance(camera, deps, request.acceptIdentity,', replace: 'auditAcceptance(camera, deps, false,' },
  { says: 'an installation on another camera is accepted in the audit log first', file: 'src/main/composition/installDesk.ts', project: 'integration', tests: 'test/integration/identity.test.ts', named: 'written down by each kind', find: 'auditAcceptance(camera, deps, request.acceptIdentity,', replace: 'auditAcceptance(camera, deps, false,' },
  { says: 'agent work on another camera is accepted in the audit log first', file: 'src/main/composition/agentDesk.ts', project: 'integration', tests: 'test/integration/identity.test.ts', named: 'written down by each kind', find: 'auditAcceptance(camera, deps, request.acceptIdentity,', replace: 'auditAcceptance(camera, deps, false,' },
  { says: 'an import of the rack is in the audit log', file: 'src/main/composition/inventoryDesk.ts', project: 'integration', tests: 'test/integration/inventory.test.ts', named: 'the window takes up', find: "await audit.around({ what: 'import inventory', subject: 'the rack', details }, async () => {", replace: 'await (async (work: () => Promise<void>) => work())(async () => {' },
]
