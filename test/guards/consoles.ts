import type { Guard } from './guard.ts'

const tame = { project: 'unit', file: 'src/renderer/ui/tamedStream.ts', tests: 'src/renderer/ui/tamedStream.test.ts' } as const
const paced = { project: 'unit', file: 'src/renderer/ui/pacedWriter.ts', tests: 'src/renderer/ui/pacedWriter.test.ts' } as const
const hub = 'src/main/core/consoles/consoleHub.ts'
const rate = { project: 'integration', tests: 'test/integration/consoles/consoleRate.test.ts' } as const

/** What a camera prints and what is typed into it. */
export const consoleGuards: readonly Guard[] = [
  { says: 'a line that held is open again at once', file: hub, project: 'integration', tests: 'test/integration/consoles/consoleHub.test.ts', named: 'a steady line that its far side closes', find: 'if (clock.nowMs() - openedAtMs >= steadyMs) {', replace: 'if (clock.nowMs() < openedAtMs) {' },
  { says: 'only sequences that draw reach a terminal', ...tame, named: 'terminal answers', find: 'if (!drawing.includes(final) || (isPrivate', replace: 'if ((isPrivate' },
  { says: 'clipboard, title and links of a camera are swallowed', ...tame, named: 'clipboard or title', find: "if (']PX^_'.includes(letter))", replace: "if ('PX^_'.includes(letter))" },
  { says: 'a camera does not switch mouse reports on', ...tame, named: 'mouse and focus', find: '(isPrivate ? privateModes : plainModes).has(mode)', replace: '(isPrivate || plainModes.has(mode))' },
  { says: 'an escape bomb costs bounded steps', ...tame, named: 'a bomb of large numbers', find: '    return steps >= 0\n', replace: '    return true\n' },
  { says: 'one cell carries few accents', ...tame, named: 'few accents', find: "accents > maxAccents ? '' : letter", replace: 'letter' },
  { says: 'an address that the screen broke is asked about as a whole', file: 'src/renderer/ui/terminalLinks.ts', project: 'unit', tests: 'src/renderer/ui/terminalLinks.test.ts', named: 'that the screen broke', find: '(y > row) cells += ', replace: '(y >= row) cells += 999 + ' },
  { says: 'a pane holds bounded memory', ...paced, named: 'a burst of 10 MB', find: 'if (waitingBytes > maxWaitingBytes) skip()', replace: '' },
  { says: 'a frame draws a bounded part', ...paced, named: 'at most 64 KiB', find: 'drawn < frameBytes && waitingBytes > 0', replace: 'waitingBytes > 0' },
  { says: 'a job finds the line at its resting rate', file: hub, ...rate, named: 'by hand: they reach the line', find: 'await byHand(signal, restOrClose).catch(() => undefined)', replace: '' },
  { says: 'nobody changes the line of a job', file: hub, ...rate, named: 'by hand: they reach the line', find: "setLine: async (wish, signal) => {\n      mustBeFree()", replace: "setLine: async (wish, signal) => {\n      if (clock.nowMs() < 0) mustBeFree()" },
  { says: 'Latin-1 types no question mark for a letter it lacks', file: 'src/main/core/consoles/typedBytes.ts', project: 'unit', tests: 'src/main/core/consoles/typedBytes.test.ts', named: 'is refused by name', find: 'if (odd !== undefined) throw', replace: 'if (odd === text) throw' },
  { says: 'a damaged settings file is not replaced', file: 'src/main/drivers/storage/wholeFile.ts', project: 'integration', tests: 'test/integration/consoles/consoleSettings.test.ts', named: 'a damaged file', find: "if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return", replace: 'if (cause instanceof Error) return' },
  { says: 'stop sends nothing more', file: 'src/renderer/features/consoles/pacedSend.ts', project: 'unit', tests: 'src/renderer/features/consoles/pacedSend.test.ts', named: 'stop sends nothing more', find: '    if (signal.aborted) return\n', replace: '' },
  { says: 'many cameras are typed to only with their number', file: 'src/main/core/consoles/broadcastLine.ts', project: 'integration', tests: 'test/integration/consoles/broadcast.test.ts', named: 'only with their number', find: 'if (targets.length > mostUnconfirmed && confirmed', replace: 'if (targets.length > 512 && confirmed' },
  { says: 'one camera that refuses a broadcast hides no other', file: 'src/main/core/consoles/broadcastLine.ts', project: 'integration', tests: 'test/integration/consoles/broadcast.test.ts', named: 'answers for itself', find: 'if (signal.aborted) throw error', replace: 'if (!signal.aborted) throw error' },
  { says: 'a broadcast does not type over somebody who writes', file: 'src/main/composition/broadcastRoutes.ts', project: 'integration', tests: 'test/integration/consoles/sharedConsole.test.ts', named: 'a broadcast does not type', find: 'consoles.mayType(cameraId, viewer).type(', replace: 'consoles.mayType(cameraId, undefined).type(' },
  { says: 'a camera that was taken out gets nothing', file: 'src/renderer/features/consoles/broadcastTargets.ts', project: 'unit', tests: 'src/renderer/features/consoles/broadcastTargets.test.ts', named: 'everybody who was chosen', find: 'if (out.has(id)) not.push', replace: 'if (out.size > 99) not.push' },
  { says: 'a burst of one console lets the others have their turn', file: 'src/main/core/consoles/consoleLine.ts', project: 'integration', tests: 'test/integration/consoles/consoleHub.test.ts', named: 'taken in by pieces', find: 'if (index > 0) await clock.sleep(0, signal)', replace: 'if (index < 0) await clock.sleep(0, signal)' },
  { says: 'a wall is not flooded by a burst', file: 'src/main/core/consoles/laneServer.ts', project: 'integration', tests: 'test/integration/consoles/laneServer.test.ts', named: 'a viewer of the end alone', find: 'watch.onlyEnd ? Math.max', replace: 'watch.position < 0 ? Math.max' },
  { says: 'a terminal beside the wall gets every byte', file: 'src/renderer/rpc/consoleLane.ts', project: 'unit', tests: 'src/renderer/rpc/consoleLane.test.ts', named: 'a terminal beside it', find: 'feed.onlyEnd &&= onlyEnd', replace: 'feed.onlyEnd ||= onlyEnd' },
  { says: 'a burst of one console waits for the others', file: 'src/main/core/consoles/laneServer.ts', project: 'integration', tests: 'test/integration/consoles/laneServer.test.ts', named: 'the quiet ones first', find: '.sort((a, b) => (a.console.end - a.position) - (b.console.end - b.position))', replace: '' },
]
