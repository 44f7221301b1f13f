import type { ScriptView } from '../../../shared/consoles/consoleTools.schema.ts'
import type { Typing } from '../../../shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type CleanupStack, withCleanup } from '../../../shared/lifecycle/cleanup.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { parseScript } from '../../protocols/consoleScript/parser.ts'
import type { Lease } from '../rack/leases.ts'
import type { ExclusiveConsole } from './cameraConsole.ts'
import type { Patterns } from '../../../shared/consoles/patterns.ts'
import { runScript } from './runScript.ts'

const keptLog = 400
const runLimitMs = 3_600_000
const attachLimitMs = 10_000
const showEveryMs = 100

export interface ScriptCamera {
  readonly cameraId: CameraId
  readonly name: string
  readonly typing: Typing
  /** As a job takes them: `pod/busy` names who has it. */
  readonly takeLease: (holder: string, signal: AbortSignal) => Promise<Lease>
  readonly openConsole: (holder: string, signal: AbortSignal) => Promise<ExclusiveConsole>
}

/** Scripts that run, one for each camera, whoever looks. The newest of each camera is remembered until the program ends. */
export interface ScriptDesk {
  /** Resolves when it has the console. */
  start(camera: ScriptCamera, script: { readonly name: string; readonly text: string; readonly by: string }): Promise<void>
  stop(cameraId: CameraId): void
  watch(cameraId: CameraId, signal: AbortSignal): AsyncGenerator<ScriptView, void, void>
  /** Tells each entry of the log once, until it ends; the signal stops it. */
  follow(cameraId: CameraId, tell: (entry: ScriptView['log'][number]) => void, signal: AbortSignal): Promise<ScriptView>
  close(): Promise<void>
}

interface Run { view: ScriptView; tell: (entry: ScriptView['log'][number]) => void; readonly stop: AbortController; over: Promise<void> }

export function createScriptDesk({ clock, patterns, log }: { readonly clock: Clock; readonly patterns: Patterns; readonly log: (line: string) => void }): ScriptDesk {
  const runs = new Map<CameraId, Run>()
  const bell = createBell()

  const tell = (run: Run, line: number, text: string): void => {
    const entry = { atMs: clock.wallMs(), line, text }
    run.view = { ...run.view, log: [...run.view.log, entry].slice(-keptLog) }
    run.tell(entry)
    bell.ring()
  }
  const end = (run: Run, state: ScriptView['state'], text: string): void => {
    run.view = { ...run.view, state }
    tell(run, 0, text)
  }
  const finish = async (run: Run, work: Promise<void>): Promise<void> => {
    try {
      await work
      end(run, 'done', 'All lines are done.')
    } catch (error) {
      if (run.stop.signal.aborted) { end(run, 'stopped', 'Stopped by hand.'); return }
      if (!(error instanceof WorkbenchError)) log(`script ${run.view.name}: ${String(error)}`)
      end(run, 'failed', error instanceof WorkbenchError ? error.message : 'An unexpected error; the log has the details.')
    }
  }

  return {
    start: async (camera, { name, text, by }) => {
      const steps = parseScript(text)
      if (steps.length === 0) throw new WorkbenchError('input/malformed', 'This script has no lines that do anything')
      if (runs.get(camera.cameraId)?.view.state === 'running') throw new WorkbenchError('pod/busy', `The script ${runs.get(camera.cameraId)?.view.name ?? ''} runs on ${camera.name} already`, { hint: 'Stop it first' })
      const stop = new AbortController()
      const run: Run = { view: { name, state: 'running', startedAtMs: clock.wallMs(), by, log: [] }, tell: () => undefined, stop, over: Promise.resolve() }
      const before = runs.get(camera.cameraId)
      runs.set(camera.cameraId, run)
      const holder = `script ${name} of ${by}`
      // Told when it has the console, or why it has not.
      const ready = Promise.withResolvers<undefined>()
      const onUndoFailed = ({ label, error }: { label: string; error: unknown }): void => { log(`script ${name}: could not ${label}: ${String(error)}`) }
      const work = async (cleanup: CleanupStack): Promise<void> => {
        const lease = await camera.takeLease(holder, stop.signal)
        cleanup.add('give the camera back', async () => lease.release())
        const line = await camera.openConsole(holder, stop.signal)
        cleanup.add('give the console back', async () => line.release())
        await withDeadline(clock, attachLimitMs, 'Opening the console', stop.signal, async (signal) => line.attach(signal))
        ready.resolve(undefined)
        await withDeadline(clock, runLimitMs, 'The script', stop.signal, async (signal) => runScript(steps, { line, clock, patterns, typing: camera.typing, camera: camera.name, tell: (at, words) => { tell(run, at, words) } }, signal))
      }
      const working = withCleanup({ clock, onUndoFailed }, work)
      working.catch((error: unknown) => { ready.reject(error) })
      run.over = finish(run, working)
      try {
        await ready.promise
      } catch (error) {
        // It never ran; what was there before stays to be read.
        if (before) runs.set(camera.cameraId, before)
        else runs.delete(camera.cameraId)
        throw error
      }
    },
    stop: (cameraId) => { runs.get(cameraId)?.stop.abort(new Cancelled('stopped by hand')) },
    watch: async function* (cameraId, signal) {
      for (let told: ScriptView | undefined; ;) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        const view = runs.get(cameraId)?.view
        if (view !== undefined && view !== told) yield view
        told = view
        await news
        await clock.sleep(showEveryMs, signal)
      }
    },
    follow: async (cameraId, told, signal) => {
      const run = runs.get(cameraId)
      if (!run) throw new WorkbenchError('input/not-found', 'No script was started on this camera')
      run.view.log.forEach(told)
      run.tell = told
      const stop = (): void => { run.stop.abort(new Cancelled('stopped by hand')) }
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      try {
        await run.over
        return run.view
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    close: async () => {
      for (const { stop } of runs.values()) stop.abort(new Cancelled('the program ends'))
      await Promise.all([...runs.values()].map(async ({ over }) => over))
    },
  }
}
