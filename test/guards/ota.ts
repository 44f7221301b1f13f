import type { Guard } from './guard.ts'

const ota = 'src/main/core/ota'
const drivers = 'src/main/drivers'
const transaction = 'test/integration/ota/transaction.test.ts'
const recovery = 'test/integration/ota/recovery.test.ts'
const cuts = 'test/integration/ota/powerCuts.test.ts'
const contract = 'test/contract/deviceFiles.test.ts'
const artifacts = 'test/integration/ota/artifacts.test.ts'

export const otaGuards: readonly Guard[] = [
  { says: 'what is committed is not undone', file: `${ota}/recoverTransaction.ts`, project: 'integration', tests: recovery, named: 'during the clean-up',
    find: "journal.phase === 'committed' || ", replace: '' },
  { says: 'an update that is wholly there rolls forward only when every file reads back new', file: `${ota}/recoverTransaction.ts`, project: 'integration', tests: recovery, named: 'all files new and the version old',
    find: 'if (!await isNew(op, deps, signal)) return false', replace: 'void op' },
  { says: 'a backup is durable before the new file takes its place', file: `${ota}/transactionSteps.ts`, project: 'integration', tests: cuts, named: 'a disk that forgets',
    find: '      await syncNames(fs, [op.target, op.backup], signal)\n', replace: '' },
  { says: 'what was added is taken away by an undo', file: `${ota}/transactionSteps.ts`, project: 'integration', tests: recovery, named: 'what the update added',
    find: "case 'new': if (await fs.stat(op.target, signal)) await fs.remove(op.target, signal); return", replace: "case 'new': return" },
  { says: 'an incomplete undo keeps its backups', file: `${ota}/transactionSteps.ts`, project: 'integration', tests: recovery, named: 'keeps its backups and says which',
    find: 'if (problems.length > 0) { await noteProblems(problems, deps, signal); return problems }', replace: 'if (problems.length > 0) await noteProblems(problems, deps, signal)' },
  { says: 'a backup that is not the old file is not put back', file: `${ota}/transactionSteps.ts`, project: 'integration', tests: recovery, named: 'a backup that is missing or is not',
    find: 'if (kept !== sha256_old) throw', replace: "if (kept === '') throw" },
  { says: 'an update is proved by reading back', file: `${ota}/applyTransaction.ts`, project: 'integration', tests: transaction, named: 'what reads back wrong is undone',
    find: 'if (await isNew(op, deps, signal)) continue', replace: 'if (op.target) continue' },
  { says: 'the version is written after everything is durable', file: `${ota}/applyTransaction.ts`, project: 'integration', tests: transaction, named: 'every file is durable before the version',
    find: '  await syncTargets(plan.ops, deps, signal)\n', replace: '  void syncTargets\n' },
  { says: 'the journal is written ahead of each step', file: `${ota}/applyTransaction.ts`, project: 'integration', tests: cuts, named: 'a disk that forgets',
    find: 'if (number >= journal.begun) await write(', replace: 'if (number < 0) await write(' },
  { says: 'no update is begun over one that was interrupted', file: `${ota}/applyTransaction.ts`, project: 'integration', tests: transaction, named: 'while an earlier one is not recovered',
    find: '  await demandQuiet(deps, signal)\n', replace: '  void demandQuiet\n' },
  { says: 'what is moved into place is what was read back in the stage', file: `${ota}/planTransaction.ts`, project: 'integration', tests: transaction, named: 'a staged file that is not',
    find: 'if (stagedHash !== sha256) {', replace: 'if (stagedHash === undefined) {' },
  { says: 'a version that is there already is not written again', file: `${ota}/planTransaction.ts`, project: 'integration', tests: transaction, named: 'the same files and the same version',
    find: 'return from === text ? null', replace: "return from === '' ? null" },
  { says: 'a journal with a wrong sum is not followed', file: `${ota}/transactionJournal.ts`, project: 'integration', tests: recovery, named: 'with one letter changed',
    find: 'if (sum !== sumOf(rest)) return undefined', replace: '' },
  { says: 'old and new fit on the device together', file: `${ota}/mpy/updateBoard.ts`, project: 'integration', tests: 'test/integration/ota/mpyUpdate.test.ts', named: '1.34 free space of',
    find: 'Math.max(2 * totalBytes', replace: 'Math.max(totalBytes' },
  { says: 'a link on the way does not lead out of a local root', file: `${drivers}/deviceFs/localFs.ts`, project: 'integration', tests: contract, named: 'local folder',
    find: 'if (real !== parent) throw', replace: "if (real === '') throw" },
  { says: 'a link on the way does not lead out of a root over SFTP', file: `${drivers}/deviceFs/sftpFs.ts`, project: 'integration', tests: contract, named: 'with the extensions of OpenSSH',
    find: 'if (real !== parent) throw', replace: "if (real === '') throw" },
  { says: 'a server of SFTP that cannot replace is not taken for one that can', file: `${drivers}/deviceFs/sftpFs.ts`, project: 'integration', tests: contract, named: 'abilities are said',
    find: "replaces: await isOffered('rename', calls, signal)", replace: 'replaces: true' },
  { says: 'damaged content of the store is not handed out whole', file: `${drivers}/storage/artifactFiles.ts`, project: 'integration', tests: artifacts, named: 'damage on the disk',
    find: "if (hash.digest('hex') !== sha256) throw", replace: "if (hash.digest('hex') === '') throw" },
  { says: 'content that is not what was wished is no artifact', file: `${drivers}/storage/artifactFiles.ts`, project: 'integration', tests: artifacts, named: 'with another hash',
    find: 'if (wish.sha256 !== undefined && wish.sha256 !== artifact.sha256) throw', replace: "if (artifact.sha256 === '') throw" },
]
