import type { Guard } from './guard.ts'

const core = 'src/main/core/ota/updater'
const protocols = 'src/main/protocols/updater'
const drivers = 'src/main/drivers/updater'
const on = (tests: string, named: string): Pick<Guard, 'project' | 'tests' | 'named'> => ({ project: 'integration', tests: `test/integration/updater/${tests}.test.ts`, named })
const pure = (named: string): Pick<Guard, 'project' | 'tests' | 'named'> => ({ project: 'unit', tests: `${protocols}/updater.test.ts`, named })

/** What stands between a package and an appliance that does not start any more. */
export const updaterGuards: readonly Guard[] = [
  { says: 'a file of a package counts only when it was read back', file: `${core}/writeModule.ts`, ...on('deploy', 'reads back differently'),
    find: 'await hashOf(fs, path, newDigest, signal) !== hash', replace: "hash === ''" },
  { says: 'promoting the current version keeps previous', file: `${core}/snapshots.ts`, ...on('snapshots', 'promoting the current version'),
    find: 'if (current === folderOfVersion(version)) return', replace: '' },
  { says: 'a version that a link names is not deleted', file: `${core}/snapshots.ts`, ...on('snapshots', 'current, previous and factory are refused'),
    find: 'if (link !== undefined) throw', replace: 'if (link === named.current) throw' },
  { says: 'a factory program can still be executed', file: `${core}/snapshots.ts`, ...on('snapshots', 'no write bit anywhere'),
    find: 'mode & 0o555', replace: 'mode & 0o444' },
  { says: 'what was not promoted moves no link', file: `${core}/deploy.ts`, ...on('deploy', 'a module that cannot be written'),
    find: 'current === folderOfVersion(version) ? await rollBack', replace: "current !== '' ? await rollBack" },
  { says: 'commands of a package need a yes', file: `${core}/deploy.ts`, ...on('deploy', 'commands of a package'),
    find: '&& !deps.allowsCommands)', replace: "&& deps.fs.label === '')" },
  { says: 'healthy is five seconds without a break', file: `${core}/units.ts`, ...on('deploy', 'the new unit dies'),
    find: 'nowMs - wellSinceMs >= unitLimits.steadyMs', replace: 'nowMs >= wellSinceMs' },
  { says: 'a unit that does not stop ends a deployment', file: `${core}/units.ts`, ...on('deploy', 'a unit that does not stop'),
    find: 'if (!isStopped(state)) throw', replace: "if (unit === '') throw" },
  { says: 'a current that leads nowhere is mended', file: `${core}/recoverDeployment.ts`, ...on('deploy', 'leads nowhere is mended'),
    find: "if (!links.dangling.includes('current')) return", replace: "if (links.dangling.includes('current')) return" },
  { says: 'a way back that was cut short before its switch is no success', file: `${core}/recoverDeployment.ts`, ...on('deployOverHttp', 'before the switch: the version that ran stays'),
    find: 'journal.back ? settledBack : settled', replace: 'journal.units.length < 0 ? settledBack : settled' },
  { says: 'a package of changes builds on the version that runs', file: `${core}/incremental.ts`, ...on('incremental', 'another version'),
    find: 'if (current !== folderOfVersion(base)) throw', replace: "if (current === '') throw" },
  { says: 'what a package of changes builds on is what was installed', file: `${core}/incremental.ts`, ...on('incremental', 'not what was installed'),
    find: 'if (wrong.length > 0) throw', replace: 'if (wrong.length < 0) throw' },
  { says: 'a package is verified again before it is installed', file: `${core}/installPackage.ts`, ...on('updater', 'the disk has changed'),
    find: 'await desk.shelf.verify(request, signal)', replace: '' },
  { says: 'when a package was verified is on the disk', file: `${core}/fetchPackage.ts`, ...on('updater', 'a good request is accepted'),
    find: 'verifiedAtMs: clock.wallMs() }', replace: 'verifiedAtMs: undefined }' },
  { says: 'a package is trusted for a day', file: `${core}/updater.ts`, ...on('updater', 'exactly 24 h later'),
    find: 'if (isOver() || ready.verifiedAtMs', replace: 'if (ready.verifiedAtMs' },
  { says: 'the MD5 of a package is compared', file: `${drivers}/packageShelf.ts`, ...on('updater', 'a wrong MD5'),
    find: 'if (sum !== request.package_md5) throw', replace: "if (sum === '') throw" },
  { says: 'a part of a file is appended only where it belongs', file: `${drivers}/packageBody.ts`, ...on('updater', 'never patched together'),
    find: 'if (!fits) return no(', replace: "if (range === null) return no(" },
  { says: 'a download is not led to another host', file: `${drivers}/packageBody.ts`, ...on('updater', 'a redirect to another host'),
    find: 'next.host !== url.host || ', replace: '' },
  { says: 'a target lies below its root, slash included', file: `${protocols}/manifest.ts`, ...pure('is refused'),
    find: 'if (!dst.startsWith(targetRoot)) throw', replace: "if (!dst.startsWith('/opt/tope')) throw" },
  { says: 'an archive holds no links', file: `${protocols}/zipRules.ts`, ...pure('is refused'),
    find: 'if (kind === 0o120000) throw', replace: 'if (kind === 1) throw' },
  { says: 'setuid is taken off', file: `${protocols}/zipRules.ts`, ...pure('setuid, setgid and sticky go'),
    find: '(unixMode ?? 0) & 0o777', replace: '(unixMode ?? 0) & 0o7777' },
  { says: "a tmp that is everybody's is not emptied", file: 'src/main/composition/updaterService.ts', ...on('updater', 'a tmp that is everybody'),
    find: 'if ((mode & 0o1002) !== 0) throw', replace: 'if (mode === 0) throw' },
  { says: 'a word for the shell of a device stays a literal', file: `${protocols}/shellWords.ts`, ...on('parts', 'each word for a shell'),
    find: "word.replaceAll(\"'\", String.raw`'\\''`)", replace: 'word' },
  { says: 'an archive does not unpack without end', file: `${protocols}/zipRules.ts`, ...pure('twice the same name'),
    find: 'if (!(unpackedBytes <= mostBytes)) throw', replace: 'if (unpackedBytes < 0) throw' },
]
