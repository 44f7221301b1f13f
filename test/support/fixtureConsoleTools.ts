import { implement } from '@orpc/server'
import { type ConsoleTools, type RuleHit, type ScriptView, usualTools, type WriterView } from '../../src/shared/consoles/consoleTools.schema.ts'
import { consoleToolsContract } from '../../src/shared/contracts/consoleTools.contract.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>
export interface FixtureConsoleTools {
  tools: ConsoleTools
  /** Somebody else does something. */
  writer(camera: CameraId, view: WriterView): void
  hit(hit: Omit<RuleHit, 'sequence'>): void
  script(camera: CameraId, view: ScriptView): void
}

const nobody: WriterView = { who: 'nobody', name: '', sinceMs: 0 }

/** Stands still until a test moves it, as the rest of the fixture does. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is oRPC's
export function createFixtureConsoleTools(stream: Stream, calls: string[], nowMs: () => number) {
  const contract = implement(consoleToolsContract)
  const writers = new Map<CameraId, WriterView>([['cam-02' as CameraId, { who: 'job', name: 'Restore cam-02 (job-running)', sinceMs: nowMs() - 44_000 }]])
  const scripts = new Map<CameraId, ScriptView>()
  const hits: RuleHit[] = []
  const listeners = { writer: new Set<(camera: CameraId) => void>(), hit: new Set<(hit: RuleHit) => void>(), script: new Set<(camera: CameraId) => void>() }
  const listen = <T>(set: Set<(value: T) => void>, listener: (value: T) => void): (() => void) => { set.add(listener); return () => { set.delete(listener) } }
  const told: FixtureConsoleTools = {
    tools: { ...usualTools, macros: [{ name: 'Who is it', text: 'cat /proc/version\necho {camera} {ask:Ticket}', pauseMs: 20 }], scripts: [{ name: 'Log in', text: '# as on the bench\nexpect "login:" within 30s\nsend "root"\n' }] },
    writer: (camera, view) => { writers.set(camera, view); for (const each of listeners.writer) each(camera) },
    hit: (hit) => { const whole = { ...hit, sequence: hits.length + 1 }; hits.push(whole); for (const each of listeners.hit) each(whole) },
    script: (camera, view) => { scripts.set(camera, view); for (const each of listeners.script) each(camera) },
  }
  const routes = {
    watchWriter: contract.watchWriter.handler(({ input, signal }) => stream([writers.get(input.cameraId) ?? nobody], (tell) => listen(listeners.writer, (camera) => { if (camera === input.cameraId) tell(writers.get(camera) ?? nobody) }), signal)),
    takeWriter: contract.takeWriter.handler(({ input }) => { calls.push(`take ${input.cameraId}`); told.writer(input.cameraId, { who: 'you', name: 'window 1', sinceMs: nowMs() }); return {} }),
    freeWriter: contract.freeWriter.handler(({ input }) => { told.writer(input.cameraId, nobody); return {} }),
    release: contract.release.handler(({ input }) => { calls.push(`release ${input.cameraId}`); told.writer(input.cameraId, { who: 'released', name: 'window 1', sinceMs: nowMs() }); return {} }),
    takeBack: contract.takeBack.handler(({ input }) => { calls.push(`take back ${input.cameraId}`); told.writer(input.cameraId, nobody); return {} }),
    tools: contract.tools.handler(() => ({ tools: told.tools, notes: [] })),
    saveTools: contract.saveTools.handler(({ input }) => { calls.push(`save ${Object.keys(input).join()}`); told.tools = { version: 1, rules: input.rules ?? told.tools.rules, macros: input.macros ?? told.tools.macros, scripts: input.scripts ?? told.tools.scripts }; return {} }),
    watchHits: contract.watchHits.handler(({ input, signal }) => stream([hits.filter((hit) => hit.sequence > input.after && (input.cameraId === undefined || hit.cameraId === input.cameraId))].filter((list) => list.length > 0), (tell) => listen(listeners.hit, (hit) => { if (input.cameraId === undefined || hit.cameraId === input.cameraId) tell([hit]) }), signal)),
    clearAlarms: contract.clearAlarms.handler(({ input }) => { calls.push(`clear ${input.cameraId}`); return {} }),
    startScript: contract.startScript.handler(({ input }) => { calls.push(`script ${input.cameraId} ${input.name}`); told.script(input.cameraId, { name: input.name, state: 'running', startedAtMs: nowMs(), by: 'window 1', log: [{ atMs: nowMs(), line: 2, text: 'expect "login:" within 30000ms' }] }); return {} }),
    stopScript: contract.stopScript.handler(({ input }) => { calls.push(`stop script ${input.cameraId}`); const view = scripts.get(input.cameraId); if (view) told.script(input.cameraId, { ...view, state: 'stopped' }); return {} }),
    watchScript: contract.watchScript.handler(({ input, signal }) => stream([...(scripts.has(input.cameraId) ? [scripts.get(input.cameraId)!] : [])], (tell) => listen(listeners.script, (camera) => { const view = scripts.get(camera); if (camera === input.cameraId && view) tell(view) }), signal)),
  }
  return { told, routes }
}
