import type { JobEvent } from '../../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../../shared/jobs/reduceJob.ts'
import type { LineWriter } from '../cliWorkbench.ts'
import { errorFacts } from './events.ts'
import type { JobOutput } from './restoreOutput.ts'

type EventName = 'plan' | 'identity' | 'agent' | 'map' | 'sum' | 'memory' | 'version' | 'phase' | 'progress' | 'log' | 'error' | 'done'

/** One object a line, each with `event`; nothing else is ever written to this stream. The last one is `done`. */
export function createJsonOutput(out: LineWriter, options: { readonly debug: boolean }): JobOutput<Pick<Job['plan'], 'phases'>, object> {
  const titles = new Map<string, string>()
  const say = (event: EventName, facts: object): void => { out.line(JSON.stringify({ event, ...facts })) }
  const log = (level: string, message: string, more: object = {}): void => { say('log', { level, message, ...more }) }
  const titleOf = (phase: string): string => titles.get(phase) ?? phase

  const tell = (event: JobEvent): void => {
    switch (event.type) {
      case 'job-queued': log('info', event.title, { jobId: event.job }); break
      case 'job-started': break
      case 'phase-started': say('phase', { phase: event.phase, title: titleOf(event.phase), state: 'started' }); break
      case 'phase-finished':
        say('phase', { phase: event.phase, title: titleOf(event.phase), state: 'finished', elapsedMs: event.elapsedMs, note: event.note })
        break
      case 'phase-progressed': say('progress', { phase: event.phase, step: event.step, doneBytes: event.doneBytes, totalBytes: event.totalBytes }); break
      case 'staging-progressed':
        say('progress', { phase: 'staging', step: event.state, file: event.file, doneBytes: event.doneBytes, totalBytes: event.totalBytes, note: event.note })
        break
      case 'partition-changed': {
        const { name, state, readBackCrc32, action, writes } = event.partition
        say('progress', { partition: name, state, readBackCrc32: readBackCrc32 ?? null, action: action ?? null, writes })
        break
      }
      case 'environment-changed': say('progress', { environment: event.environment }); break
      case 'range-dumped': say('progress', { range: event.range }); break
      case 'uboot-answered': log('info', `U-Boot answered: ${event.version}`); break
      case 'identity-read': say('identity', { state: event.state, facts: event.facts }); break
      case 'version-read': say('version', { version: event.version }); break
      case 'agent-answered': say('agent', event.agent); break
      case 'flash-examined': say('map', event.map); break
      case 'range-summed': say('sum', event.range); break
      case 'memory-measured': say('memory', event.memory); break
      case 'noted': log(event.level, event.message); break
      case 'cancel-requested': log('info', 'Cancel requested: the job stops at the next safe point'); break
      case 'undone': log('info', `Cleaned up: ${event.label}`); break
      case 'undo-failed': log('warning', `Could not ${event.label}: ${event.error.message}`); break
      case 'console-excerpt': log('console', event.text); break
      // How it ended is told once, by `done`.
      case 'job-succeeded': case 'job-cancelled': case 'job-interrupted': break
      case 'job-failed': say('error', errorFacts(event.error)); break
    }
  }
  return {
    note: (level, message) => { log(level, message) },
    debug: (message) => { if (options.debug) log('debug', message) },
    plan: (plan) => {
      plan.phases.forEach(({ name, title }) => titles.set(name, title))
      say('plan', plan)
    },
    event: tell,
    error: (error) => { say('error', errorFacts(error)) },
    ending: (ending) => { say('done', ending) },
  }
}
