import type { Guard } from './guard.ts'

const delta = 'src/main/protocols/delta'
const manifest = 'src/main/protocols/otaManifest'
const engine = 'src/main/core/ota/mpy'
const deltaTests = `${delta}/delta.test.ts`
const manifestTests = `${manifest}/otaManifest.test.ts`
const updates = 'test/integration/ota/mpyUpdate.test.ts'
const limits = 'test/integration/ota/mpyLimits.test.ts'
const boards = 'test/integration/ota/mpyBoard.test.ts'
const repl = 'test/integration/rawReplFs.test.ts'

/** What keeps wrong files away from a MicroPython board, and the board whole. */
export const mpyGuards: readonly Guard[] = [
  { says: 'what is staged already needs no room once more', project: 'integration', tests: limits, named: 'what an interrupted download left', file: `${engine}/updateBoard.ts`,
    find: 'run.config.min_free_storage) - stagedBytes', replace: 'run.config.min_free_storage)' },
  { says: 'what another version left makes room first', project: 'integration', tests: limits, named: 'what an interrupted download left', file: `${engine}/updateBoard.ts`,
    find: "else if (kind !== 'folder') await fs.remove(path, signal)", replace: "else if (kind !== 'folder') bytes += 0" },
  { says: 'another spelling of a file that comes is not deleted where it is the same file', project: 'integration', tests: limits, named: 'only the case changes', file: `${engine}/updateBoard.ts`,
    find: 'other !== path && await areOneFile(path, other, run, signal)) found.delete(path)', replace: "other === '' && await areOneFile(path, other, run, signal)) found.delete(path)" },
  { says: 'another spelling is told from the same file by what the board lists', project: 'integration', tests: limits, named: 'only the case changes', file: `${engine}/updateBoard.ts`,
    find: 'return !(await standsSo(one) && await standsSo(other))', replace: 'return standsSo !== undefined' },
  { says: 'a board with less memory or clock than it wants is left alone', project: 'integration', tests: limits, named: 'memory and clock', file: `${engine}/updateBoard.ts`,
    find: '  await checkResources(run, signal)\n', replace: '' },
  { says: 'two updates keep their distance', project: 'integration', tests: limits, named: 'an hour between two updates', file: `${engine}/schedule.ts`,
    find: 'return agoSec < least ?', replace: 'return agoSec < 0 ?' },
  { says: 'a manifest counts by the bytes that are written', project: 'unit', tests: manifestTests, named: 'its size counts as it is written', file: `${manifest}/makeManifest.ts`,
    find: 'encode(manifestText(manifest)), {', replace: 'encode(JSON.stringify(manifest)), {' },
  { says: 'no release lists deletes that boards pass over', project: 'unit', tests: manifestTests, named: 'among the deletes makes no release', file: `${manifest}/makeManifest.ts`,
    find: '!deletes.includes(path))) throw', replace: "path === '')) throw" },
  { says: 'a delta that leads elsewhere counts for nothing', project: 'unit', tests: deltaTests, named: 'another old file is seen', file: `${delta}/parser.ts`,
    find: 'if (hash.hex() !== job.sha256.toLowerCase()) throw', replace: "if (hash.hex() === '') throw" },
  { says: 'a delta without its end is cut off', project: 'unit', tests: deltaTests, named: 'without its end it is cut off', file: `${delta}/parser.ts`,
    find: "if (!await hasMore()) throw fault('DELTA_EOF')", replace: 'if (!await hasMore()) return Uint8Array.of(0xff)' },
  { says: 'a delta is read through a window of 64 bytes', project: 'unit', tests: deltaTests, named: 'a delta of', file: `${delta}/parser.ts`,
    find: 'export const deltaWindowBytes = 64', replace: 'export const deltaWindowBytes = 2048' },
  { says: 'a copy that a device refuses is not generated', project: 'unit', tests: deltaTests, named: 'a long equal run', file: `${delta}/writer.ts`,
    find: 'put(encodeVarint(Math.min(maxCopyBytes, length - done)))', replace: 'put(encodeVarint(length - done))' },
  { says: 'a delta gives no more than was promised', project: 'unit', tests: deltaTests, named: 'another old file is seen', file: `${delta}/parser.ts`,
    find: 'madeBytes > job.sizeBytes', replace: 'madeBytes < 0' },
  { says: 'a wrong signature is refused', project: 'unit', tests: manifestTests, named: 'one digit off', file: `${manifest}/signature.ts`,
    find: 'if (!isSameText(', replace: "if (given === 'x' && !isSameText(" },
  { says: 'an unsigned manifest is refused where a key is set', project: 'integration', tests: updates, named: 'key set', file: `${manifest}/readManifest.ts`,
    find: 'if (rules.key !== undefined) checkSignature', replace: "if (rules.key !== undefined && received['signature'] !== undefined) checkSignature" },
  { says: "the updater's own files are no targets", project: 'unit', tests: manifestTests, named: 'a manifest that brings', file: `${manifest}/paths.ts`,
    find: 'if (isOwn(normal)) throw', replace: "if (isOwn(normal) && normal === '') throw" },
  { says: 'hidden files are no targets', project: 'unit', tests: manifestTests, named: 'a manifest that brings', file: `${manifest}/paths.ts`,
    find: "part.startsWith('.'))) throw unsafePath(path, 'it is hidden')", replace: "part.startsWith('..'))) throw unsafePath(path, 'it is hidden')" },
  { says: 'two names for one file are refused', project: 'unit', tests: manifestTests, named: 'two names for one file', file: `${manifest}/paths.ts`,
    find: "const key = path.normalize('NFC').toLowerCase()", replace: 'const key = path' },
  { says: 'other content than promised is not staged', project: 'integration', tests: updates, named: 'sends other content', file: `${engine}/stageFile.ts`,
    find: 'if (sent.wrong !== undefined) throw', replace: "if (sent.wrong === '') throw" },
  { says: 'a staged file is read back', project: 'integration', tests: updates, named: 'reads back otherwise', file: `${engine}/stageFile.ts`,
    find: 'if (stands !== sent.sha256) throw', replace: 'if (stands === undefined) throw' },
  { says: 'a server cannot fill a board', project: 'integration', tests: updates, named: 'sends without an end', file: `${engine}/stageFile.ts`,
    find: 'if (bytes > limit) throw', replace: 'if (bytes < 0) throw' },
  { says: 'a redirect to another host is not followed', project: 'integration', tests: updates, named: 'sends on to another host', file: 'src/main/drivers/http/otaFetch.ts',
    find: 'if (!isTrustedHop(at, next)) throw', replace: 'if (hop < 0) throw' },
  { says: 'a manifest of another host is not taken', project: 'integration', tests: updates, named: 'names a manifest elsewhere', file: `${engine}/sourceHttp.ts`,
    find: 'if (isOwnHost(run, url) || isGithub) return url', replace: 'if (isGithub || url) return url' },
  { says: 'a list of too many files is refused', project: 'integration', tests: updates, named: 'entries pass and', file: `${engine}/resolveTarget.ts`,
    find: 'tree.length > config.max_tree_files', replace: 'tree.length > config.max_tree_files + 1' },
  { says: 'a list of files that was cut short is refused', project: 'integration', tests: updates, named: 'a list that the server cut short', file: `${engine}/resolveTarget.ts`,
    find: 'if (truncated === true) throw', replace: "if (truncated === true && tree.length < 0) throw" },
  { says: 'a board without room is left alone', project: 'integration', tests: updates, named: 'free space of', file: `${engine}/updateBoard.ts`,
    find: 'freeBytes >= neededBytes', replace: 'freeBytes >= neededBytes / 2' },
  { says: 'an interrupted update is cleared up first', project: 'integration', tests: updates, named: 'the power goes at any call of an update', file: `${engine}/updateBoard.ts`,
    find: '  await recoverBoard(run, { keepStage: true }, signal)\n', replace: '' },
  { says: 'what a version brings is not deleted by a pattern', project: 'integration', tests: updates, named: 'what lies under a delete pattern', file: `${engine}/updateBoard.ts`,
    find: 'isWithin(path, root)) && !coming.has(path)', replace: 'isWithin(path, root))' },
  { says: 'a name stays a name in code', project: 'integration', tests: repl, named: 'whatever stands in a name', file: 'src/main/protocols/rawrepl/writer.ts',
    find: "if (letter === \"'\" || letter === '\\\\')", replace: "if (letter === '\\\\')" },
  { says: 'the mirror serves nothing outside its folder', project: 'integration', tests: boards, named: 'nothing outside the folder', file: 'src/main/drivers/files/releaseFolder.ts',
    find: 'if (real === undefined || real !== join(await realpath(folder), path)) return undefined', replace: 'if (real === undefined) return undefined' },
]
