import type { Guard } from './guard.ts'

const captures = 'src/main/drivers/storage/captures'
const index = 'src/main/drivers/storage/captureIndex'
const reader = 'src/renderer/features/captures'
const store = { project: 'integration', tests: 'test/integration/captures/captureStore.test.ts' } as const
const settings = { project: 'integration', tests: 'test/integration/captures/captureSettings.test.ts' } as const
const search = { project: 'integration', tests: 'test/integration/captures/captureIndex.test.ts' } as const
const wired = { project: 'integration', tests: 'test/integration/captures/captureWorkbench.test.ts' } as const
const held = { project: 'integration', tests: 'test/integration/consoles/holdBack.test.ts' } as const
const desk = { project: 'integration', tests: 'test/integration/captures/captureDesk.test.ts' } as const

/** What keeps every byte of a console, and keeps it from doing harm. */
export const captureGuards: readonly Guard[] = [
  { says: 'an index record with a wrong checksum is none', file: 'src/main/protocols/captureLog/parser.ts', project: 'unit', tests: 'src/main/protocols/captureLog/captureLog.test.ts', named: 'any one byte of a record',
    find: ' || view.getUint16(18, true) !== crc16Xmodem(bytes.subarray(at, at + 18))', replace: '' },
  { says: 'a tail of zeros is no record', file: 'src/main/protocols/captureLog/parser.ts', project: 'unit', tests: 'src/main/protocols/captureLog/captureLog.test.ts', named: 'a tail of zeros',
    find: ' || view.getUint8(17) !== recordMark', replace: '' },
  { says: 'the name of a capture is no path', file: 'src/shared/captures/captures.schema.ts', project: 'unit', tests: 'src/main/protocols/captureLog/captureLog.test.ts', named: 'is refused',
    find: '/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/', replace: '/^.*$/' },
  { says: 'a chip\'s name is no way out of the captures', file: `${captures}/partFile.ts`, ...store, named: 'no way out', find: "chip: chip.replaceAll(/[^A-Za-z0-9_-]/g, '-')", replace: 'chip' },
  { says: 'the captures of a living process are not cut', file: `${captures}/partScan.ts`, ...store, named: 'another process is writing', find: 'if (isAlive(header.process)) return', replace: "if (header.process === '') return" },
  { says: 'bytes that no record speaks of are cut', file: `${captures}/partScan.ts`, ...store, named: 'bytes that no record speaks of', find: '  await raw.truncate(rawBytes)\n', replace: '' },
  { says: 'a paused capture costs bounded memory', file: `${captures}/consoleWriter.ts`, ...store, named: 'a full disk pauses', find: 'pending.bytes + writing.bytes + bytes.length > limit', replace: 'pending.bytes < 0' },
  { says: 'a burst is written before it fills the memory', file: `${captures}/consoleWriter.ts`, ...store, named: 'a burst of ten megabytes', find: 'onMuch?.()\n', replace: 'undefined\n' },
  { says: 'a console is left unread while its capture is full', file: 'src/main/core/consoles/consoleLine.ts', ...held, named: 'left unread until there is room', find: '        await mayReadOn?.(stop.signal)\n', replace: '' },
  { says: 'a job is not held back by its capture', file: 'src/main/core/consoles/holdBack.ts', ...held, named: 'a job reads its console', find: ' && !isLent()', replace: '' },
  { says: 'a disk that thinks holds a console for a bounded time', file: 'src/main/core/consoles/holdBack.ts', ...held, named: 'after five seconds', find: 'if (clock.nowMs() >= untilMs)', replace: 'if (clock.nowMs() < 0)' },
  { says: 'a paused capture holds nobody back', file: `${captures}/consoleWriter.ts`, ...held, named: 'a paused capture', find: 'return !isPaused() && (', replace: 'return (' },
  { says: 'what was dropped leaves a mark with its size', file: `${captures}/consoleWriter.ts`, ...store, named: 'a full disk pauses', find: '      settleDropped()\n', replace: '' },
  { says: 'captures leave room to the journal', file: `${captures}/captureStore.ts`, ...store, named: 'the journal needs the rest', find: 'freeBytes < settings.reserveBytes', replace: 'freeBytes < 0' },
  { says: 'the quota warns before it deletes', file: `${captures}/quota.ts`, ...store, named: 'announced before anything goes', find: ' || nowMs - warnedAtMs < graceMs', replace: '' },
  { says: 'a smaller quota is announced before it deletes', file: `${captures}/quota.ts`, ...settings, named: 'announced anew', find: ' || quotaBytes < seenBytes', replace: '' },
  { says: 'a smaller quota that deletes is agreed to', file: 'src/main/composition/captureSettings.ts', ...settings, named: 'agreed to and written down', find: 'if (!agreedToDelete) {', replace: 'if (cut.files < 0) {' },
  { says: 'a smaller quota that deletes is in the audit log', file: 'src/main/composition/captureSettings.ts', ...settings, named: 'agreed to and written down', find: 'if (cut.files === 0) return keep()', replace: 'if (cut.files === 0 || agreedToDelete) return keep()' },
  { says: 'a damaged file of settings leaves the quota as it is', file: `${captures}/captureStore.ts`, ...settings, named: 'changes nothing', find: 'if (readSettings) settings = await readSettings()', replace: 'if (readSettings) settings = await readSettings().catch(() => ({ ...settings, quotaBytes: 65_536 }))' },
  { says: 'a capture that is written is not deleted', file: `${captures}/quota.ts`, ...store, named: 'announced before anything goes', find: 'parts.filter(({ isClosed }) => isClosed)', replace: '[...parts]' },
  { says: 'what is typed into a console is captured, too', file: 'src/main/core/consoles/consoleHub.ts', ...wired, named: 'nobody looks', find: 'if (line.isOpen) capture?.sent(bytes)', replace: '' },
  { says: 'a capture that the quota deleted stops no index', file: `${index}/indexLines.ts`, ...search, named: 'a file that goes', find: 'if (isThere(part) && readOn(', replace: 'if (readOn(' },
  { says: 'a hostile pattern is ended with its thread', file: 'src/main/drivers/patterns/patternRunner.ts', ...search, named: 'a hostile pattern', find: '        await end()\n        throw error\n', replace: '        throw error\n' },
  { says: 'a thread that knew the secrets is not replaced by one that does not', file: 'src/main/drivers/patterns/patternRunner.ts', project: 'integration', tests: 'test/integration/captures/redactionThread.test.ts', named: 'the limit of its own thread', find: 'if (isOnce && wasStarted) throw', replace: 'if (isOnce && !wasStarted) throw' },
  { says: 'what was said since the last round is searched, too', file: `${index}/captureIndex.ts`, ...search, named: 'since the index was read on', find: 'query.before === undefined ? await tailParts() : []', replace: '[]' },
  { says: 'the last second is searched, too', file: 'src/main/composition/captureDesk.ts', ...desk, named: 'in the moment after', find: 'if (query.before === undefined) await store.flush()', replace: '' },
  { says: 'a tail that is more than a page loses no line', file: `${index}/captureIndex.ts`, ...search, named: 'more new lines than a page', find: 'return isThere ? searchOnce(query, [], signal) : page', replace: 'return isThere ? { ...page, next: undefined } : page' },
  { says: 'a zip keeps no listener for a file that is in', file: 'src/main/drivers/files/zipFile.ts', project: 'integration', tests: 'test/integration/captures/bundle.test.ts', named: 'a zip of many files', find: 'leave = () => { source.destroy(); resolve() } })', replace: "out.once('close', () => { source.destroy(); resolve() }) })" },
  { says: 'a damaged search index is made again', file: `${index}/indexFile.ts`, ...search, named: 'no database', find: '    removeIndexFile(file)\n    return { ...open(file), wasDamaged: true }', replace: '    return { ...open(file), wasDamaged: true }' },
  { says: 'a filter of patterns leaves no match out', file: 'src/main/protocols/captureLines/lineKind.ts', project: 'unit', tests: 'src/main/protocols/captureLines/captureLines.test.ts', named: 'does not require of',
    find: ".replace(/^[a-fx]+(?![a-z_])/, '')", replace: '' },
  { says: 'what a camera says is no formula of a table', file: 'src/main/core/captures/exportFormats.ts', ...desk, named: 'exports', find: '/^[=+\\-@\\t\\r]/.test(text)', replace: "text === '='" },
  { says: 'a bundle that does not fit leaves nothing half', file: 'src/main/drivers/files/newFile.ts', project: 'integration', tests: 'test/integration/captures/bundle.test.ts', named: 'full in the middle', find: 'if (!isWhole) await rm(path', replace: "if (path === '') await rm(path" },
  { says: 'the thread that takes secrets out has its own limit', file: 'src/main/drivers/storage/redaction/openRedactor.ts', project: 'integration', tests: 'test/integration/captures/redactionThread.test.ts', named: 'the limit of its own thread', find: 'const askLimitMs = 15_000', replace: 'const askLimitMs = 150_000' },
  { says: 'an export never overwrites', file: 'src/main/drivers/files/newFile.ts', ...desk, named: 'exports', find: "open(path, 'wx', 0o600)", replace: "open(path, 'w', 0o600)" },
  { says: 'what a camera says reaches the page without controls', file: `${reader}/visibleText.ts`, project: 'unit', tests: `${reader}/captureRows.test.ts`, named: 'controls, escapes', find: "[...found[0]].map(shownSign).join('')", replace: 'found[0]' },
  { says: 'the window holds a little of a session', file: `${reader}/useSessionWindow.ts`, project: 'unit', tests: `${reader}/useSessionWindow.test.ts`, named: 'scrolling down', find: '8 * chunkBytes', replace: '8_000 * chunkBytes' },
  { says: 'an answer that does not get on is not asked for again', file: `${reader}/useSessionWindow.ts`, project: 'unit', tests: `${reader}/useSessionWindow.test.ts`, named: 'does not get on', find: ' || next <= from }', replace: ' }' },
  { says: 'a line that does not open leaves no empty capture', file: 'src/main/composition/captureTools.ts', project: 'integration', tests: 'test/integration/lineCommands.test.ts', named: 'leaves no file behind',
    find: '    await file.drop()\n', replace: '' },
  { says: 'a named pipe hangs nobody', file: 'src/main/drivers/files/bootFiles.ts', project: 'integration', tests: 'test/integration/lineCommands.test.ts', named: 'a named pipe is no file',
    find: 'constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)', replace: 'constants.O_RDONLY' },
]
