import type { Guard } from './guard.ts'

const book = { file: 'src/main/core/ota/releases/releaseBook.ts', project: 'integration', tests: 'test/integration/ota/releaseBook.test.ts' } as const
const store = { file: 'src/main/drivers/storage/artifactFiles.ts', project: 'integration', tests: 'test/integration/ota/fullDisk.test.ts' } as const
const board = { project: 'integration', tests: 'test/integration/ota/mpyBoard.test.ts' } as const
const packages = { file: 'src/main/core/ota/releases/packageChanges.ts', project: 'unit', tests: 'src/main/core/ota/releases/packageChanges.test.ts' } as const
const view = { project: 'integration', tests: 'test/web/boardReleases.test.ts' } as const

/** What keeps a published release what it was, and a board what was published. */
export const releaseGuards: readonly Guard[] = [
  { says: 'the quota of board releases leaves what a release names', ...book, named: 'one version is built once', find: 'if (named.has(sha256)) continue', replace: '' },
  { says: 'what a failed build of board releases brought goes', ...book, named: 'the quota deletes only', find: '      await collect().catch(() => 0)\n', replace: '' },
  { says: 'leftovers go before a build of board releases is refused', ...book, named: 'the quota deletes only', find: '> deps.quotaBytes) await collect()', replace: '> deps.quotaBytes) void collect' },
  { says: 'board releases are read back before they are offered', ...book, named: 'a file that was lost or changed', find: 'for (const sha256 of namedBy([release])) for await (const piece of artifacts.read(sha256, signal)) void piece', replace: 'void signal' },
  { says: 'board releases that are not published are not served', ...book, named: 'built, published and fetched', find: '.filter(({ publishedAtMs }) => publishedAtMs !== undefined)', replace: '.filter(({ version }) => version !== undefined)' },
  { says: 'a version of board releases is built once', ...book, named: 'one version is built once', find: 'if ((await rows.read()).releases.some((each) => each.version === version)) throw', replace: "if (version === '') throw" },
  { says: 'board releases that are offered are not removed', ...book, named: 'one version is built once', find: "if (release.publishedAtMs !== undefined) throw new WorkbenchError('input/conflict', `${version} is offered", replace: "if (release.version === '') throw new WorkbenchError('input/conflict', `${version} is offered" },
  { says: 'a registration of board releases that fails leaves nothing', ...store, named: 'the disk is full at any call of the store', find: '      await forget(artifact.sha256).catch(() => undefined)\n', replace: '' },
  { says: 'a hook of board releases that fails undoes nothing', file: 'src/main/core/ota/mpy/updateBoard.ts', ...board, named: 'post_update runs on the board', find: 'if (!(error instanceof WorkbenchError) && !signal.aborted) throw error\n    const problem', replace: 'if (!signal.aborted) throw error\n    const problem' },
  { says: 'a hook of board releases that raises is told', file: 'src/main/drivers/deviceFs/rawReplFs.ts', ...board, named: 'post_update runs on the board', find: "if (last === 'ok') return\n", replace: "if (last !== '') return\n" },
  { says: 'board releases are withdrawn by their version alone', file: 'src/renderer/features/updates/EndReleaseDialog.vue', ...view, named: 'a release is withdrawn by its version', find: ':disabled="busy !== undefined || typed !== version"', replace: ':disabled="busy !== undefined"' },
  { says: 'board releases that are offered cannot be removed in the window', file: 'src/renderer/features/updates/BoardReleasesPane.vue', ...view, named: 'a release is withdrawn by its version', find: ':disabled="release.publishedAtMs !== undefined"', replace: ':disabled="busy !== undefined"' },
  { says: 'a package of changes says what the whole one says of services', ...packages, named: 'a service that goes', find: '  refuseOtherServices(older, newer, brought)\n', replace: '' },
  { says: 'a package of changes is followed as a device would before it is offered', ...packages, named: 'what was made is followed', find: '  proveFiles(newer.files, [...stay, ...made.files])\n', replace: '' },
  { says: 'the commands of a package are in its package of changes, too', ...packages, named: 'a module with commands', find: ' && module.postCommands.length === 0', replace: '' },
  { says: 'a package has its name only after it was read back', file: 'src/main/drivers/files/zipFile.ts', project: 'integration', tests: 'test/integration/updater/packages.test.ts', named: 'proved before it has its name', find: '    await prove(beside)\n', replace: '' },
  { says: 'the board of the demo leaves the input of the process alone', file: 'src/main/sim/microPythonBoard.ts', project: 'integration', tests: 'test/integration/ota/demoDevices.test.ts', named: 'started as a window is', find: 'process.argv.splice(1)', replace: 'process.argv.slice(1).slice(99)' },
]
