import { isAbsolute, join } from 'node:path'
import { type ConsoleRule, type ConsoleTools, usualTools, type Viewer, type WriterView } from '../../shared/consoles/consoleTools.schema.ts'
import { defaultTyping } from '../../shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { dumpRequestSchema } from '../../shared/dump/dump.schema.ts'
import { fromWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import type { CameraConsole } from '../core/consoles/cameraConsole.ts'
import { createRuleWatch, type RuleWatch } from '../core/consoles/ruleWatch.ts'
import { createScriptDesk, type ScriptDesk } from '../core/consoles/scriptDesk.ts'
import { createViewerNames, createWriterDesk, type WriterDesk } from '../core/consoles/writerDesk.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { CameraEntry, RackBook } from '../core/rack/rackBook.ts'
import { wallText } from '../core/report/reportText.ts'
import { checkPattern } from '../drivers/patterns/patternRunner.ts'
import { createPatternThread } from '../drivers/patterns/patternThread.ts'
import { type ConsoleSettingsFile, createConsoleToolsFile } from '../drivers/storage/consoleSettingsFile.ts'
import { refuseBusy } from './cameraUse.ts'
import type { DumpDesk } from './dumpDesk.ts'

export interface ConsoleDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly log: (line: string) => void
  readonly leases: Leases
  readonly jobs: Pick<JobBook, 'events' | 'get'>
  readonly consoleSettings: ConsoleSettingsFile
  /** Asked when they are needed: each is made after the consoles are watched. */
  readonly rack: () => RackBook
  readonly dumps: () => DumpDesk
}

/** Lists that are there replace the old ones. */
export interface ConsoleToolsChange { readonly rules?: ConsoleTools['rules'] | undefined; readonly macros?: ConsoleTools['macros'] | undefined; readonly scripts?: ConsoleTools['scripts'] | undefined }

/** Consoles as several people use them: one writer, rules that look always, scripts that run by themselves. */
export interface ConsoleDesk {
  readonly rules: RuleWatch
  readonly scripts: ScriptDesk
  /** As the file has them. A damaged file is told, and the usual rules hold. */
  load(): Promise<void>
  tools(): Promise<{ tools: ConsoleTools; notes: string[] }>
  save(change: ConsoleToolsChange): Promise<void>
  mayType(cameraId: CameraId, viewer: Viewer | undefined): CameraConsole
  takeWriter(cameraId: CameraId, viewer: Viewer): void
  freeWriter(cameraId: CameraId, viewer: Viewer): void
  watchWriter(cameraId: CameraId, viewer: Viewer, signal: AbortSignal): AsyncGenerator<WriterView, void, void>
  release(cameraId: CameraId, viewer: Viewer, signal: AbortSignal): Promise<void>
  takeBack(cameraId: CameraId): void
  startScript(cameraId: CameraId, script: { readonly name: string; readonly text: string }, viewer: Viewer): Promise<void>
  close(): Promise<void>
}

export function createConsoleDesk({ clock, dataFolder, log, leases, jobs, consoleSettings, rack, dumps }: ConsoleDeskDeps): ConsoleDesk {
  const file = createConsoleToolsFile(join(dataFolder, 'consoleTools.json'))
  const patterns = createPatternThread({ clock })
  const names = createViewerNames(clock)
  const writers = new WeakMap<CameraConsole, WriterDesk>()
  const rules = createRuleWatch({ clock, patterns, log, run: async (cameraId, rule, tell, signal) => runForRule(cameraId, rule, { rack: rack(), dumps: dumps(), jobs, clock, tell }, signal) })
  const scripts = createScriptDesk({ clock, patterns, log })
  // Until the file is read, and where it cannot be.
  rules.use(usualTools.rules)

  const writerOf = (console: CameraConsole): WriterDesk => {
    const known = writers.get(console) ?? createWriterDesk({ console, clock, names })
    writers.set(console, known)
    return known
  }
  const mayType = (cameraId: CameraId, viewer: Viewer | undefined): CameraConsole => {
    const { console } = rack().camera(cameraId)
    writerOf(console).mayType(viewer)
    return console
  }
  const tools = async (): Promise<ConsoleTools> => file.read()

  return {
    rules, scripts, mayType,
    load: async () => {
      try {
        rules.use((await tools()).rules)
      } catch (error) {
        log(`rules: ${error instanceof WorkbenchError ? error.message : String(error)}`)
      }
    },
    tools: async () => ({ tools: await tools(), notes: rules.notes() }),
    save: async (change) => {
      for (const { match } of change.rules ?? []) if (match.kind === 'pattern') checkPattern(match.source)
      for (const { run } of change.rules ?? []) if (run?.what === 'dump' && !isAbsolute(run.folder)) throw new WorkbenchError('input/malformed', 'The folder of a rule begins at the root', { context: { folder: run.folder } })
      await file.change((old) => ({ version: 1, rules: change.rules ?? old.rules, macros: change.macros ?? old.macros, scripts: change.scripts ?? old.scripts }))
      rules.use((await tools()).rules)
    },
    takeWriter: (cameraId, viewer) => { writerOf(rack().camera(cameraId).console).take(viewer) },
    freeWriter: (cameraId, viewer) => { writerOf(rack().camera(cameraId).console).free(viewer) },
    watchWriter: (cameraId, viewer, signal) => writerOf(rack().camera(cameraId).console).watch(viewer, signal),
    release: async (cameraId, viewer, signal) => {
      const entry = rack().camera(cameraId)
      refuseBusy(entry, leases)
      await mayType(cameraId, viewer).releaseLine(names.nameOf(viewer), signal)
    },
    takeBack: (cameraId) => { rack().camera(cameraId).console.takeBack() },
    startScript: async (cameraId, script, viewer) => {
      const entry = rack().camera(cameraId)
      refuseBusy(entry, leases)
      mayType(cameraId, viewer)
      const typing = (await consoleSettings.read()).typing[cameraId] ?? defaultTyping
      await scripts.start({
        cameraId, typing, name: entry.spec.cameraName,
        takeLease: async (holder, signal) => leases.take(entry.devices.resource, holder, signal),
        openConsole: async (holder, signal) => entry.console.exclusive(holder, signal),
      }, { ...script, by: names.nameOf(viewer) })
    },
    close: async () => {
      await scripts.close()
      await rules.close()
      await patterns.close()
    },
  }
}

const powerLimitMs = 60_000

interface RunDeps { readonly rack: RackBook; readonly dumps: DumpDesk; readonly jobs: ConsoleDeskDeps['jobs']; readonly clock: Clock; readonly tell: (words: string) => void }

/** What a rule may start by itself: nothing of it writes a flash. Its words for the list of hits. */
async function runForRule(cameraId: CameraId, { run }: ConsoleRule, { rack, dumps, jobs, clock, tell }: RunDeps, signal: AbortSignal): Promise<string> {
  switch (run?.what) {
    case undefined: return ''
    case 'power-cycle': {
      const { power } = rack.camera(cameraId).devices
      // A person would be asked, at night, by a rule.
      if (power.ability === 'manual') throw new WorkbenchError('pod/no-power-control', 'nobody but a person can switch this camera')
      await withDeadline(clock, powerLimitMs, 'Cycling the power', signal, async (within) => rack.power(cameraId, 'cycle', within))
      return 'the power was cycled by this rule'
    }
    case 'dump': {
      const path = join(run.folder, placeName(rack.camera(cameraId), clock.wallMs()))
      const plan = await dumps.plan(dumpRequestSchema.parse({ cameraId, outputPath: path }), signal)
      const [refusal] = plan.refusals
      if (refusal) throw fromWire(refusal)
      const id = await dumps.start(plan.request, plan.hash, signal)
      tell(`a dump into ${path} was started by this rule`)
      // Started is not done. The job keeps its own limits, and goes on where nobody waits for it any more.
      for await (const event of jobs.events(id, 0, signal)) void event
      const { verdict, error } = jobs.get(id)
      return `the dump into ${path} ended: ${verdict}${error ? `, ${error.message}` : ''}`
    }
  }
}

/** A camera's name is a person's text; as a folder it must stay one. */
const placeName = ({ spec }: CameraEntry, wallMs: number): string =>
  `${spec.cameraName.replaceAll(/[^\w-]+/g, '-').slice(0, 40)}-${wallText(wallMs).replaceAll(/\D/g, '').slice(0, 14)}`
