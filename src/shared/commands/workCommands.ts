import type { JobSummary } from '../contracts/workbench.contract.ts'
import { type CommandOn, not, type Standing } from './command.ts'

const isOver = ({ state }: JobSummary): boolean => state !== 'queued' && state !== 'running'
const running = (job: JobSummary): Standing | undefined => (isOver(job) ? not('This job is over') : undefined)
const over = (job: JobSummary): Standing | undefined => (isOver(job) ? undefined : not('This job is not over', 'It leaves a report when it ends'))

function resumable(job: JobSummary): Standing | undefined {
  if (job.workflow !== 'restore' && job.workflow !== 'install') return not('Only a restore or an installation goes on where it stopped', 'Make a new plan')
  return job.state === 'failed' || job.state === 'cancelled' || job.state === 'interrupted' ? undefined : not(isOver(job) ? 'This job has nothing left to do' : 'This job is not over')
}

/** What is about the selected cameras. */
export const camerasCommands = [
  { id: 'cameras.restore', on: 'cameras', group: 'Several cameras', title: 'Restore the selected', about: 'one image, a plan for each, one question', destructive: 'plan' },
  { id: 'cameras.dump', on: 'cameras', group: 'Several cameras', title: 'Dump the selected', about: 'the flash of each into a folder of its own' },
  { id: 'cameras.powerOn', on: 'cameras', group: 'Several cameras', title: 'Power on the selected', about: 'one after another, with a pause', cli: { words: 'power on', options: 'CAMERA… --stagger' } },
  { id: 'cameras.powerOff', on: 'cameras', group: 'Several cameras', title: 'Power off the selected', about: 'one after another; a camera with a job is left alone', destructive: 'plan', cli: { words: 'power off', options: 'CAMERA… --stagger --confirm' } },
  { id: 'cameras.powerCycle', on: 'cameras', group: 'Several cameras', title: 'Power cycle the selected', about: 'one after another; a camera with a job is left alone', destructive: 'plan', cli: { words: 'power cycle', options: 'CAMERA… --stagger --confirm' } },
  { id: 'cameras.label', on: 'cameras', group: 'Several cameras', title: 'Label the selected', about: 'labels, group and place of all of them at once', cli: { words: 'rack label', options: 'CAMERA WORD…' } },
  { id: 'cameras.bundle', on: 'cameras', group: 'Several cameras', title: 'Support bundle of the selected', about: 'what they said and what was done to them, without secrets', cli: { words: 'bundle', options: 'FILE --camera' } },
  { id: 'cameras.consoles', on: 'cameras', group: 'Several cameras', title: 'Consoles of the selected', about: 'side by side, nine at most' },
  { id: 'cameras.broadcast', on: 'cameras', group: 'Several cameras', title: 'Broadcast to the selected', about: 'one line to all of them, on the wall' },
] as const satisfies readonly CommandOn<'cameras'>[]

export const jobCommands = [
  { id: 'job.open', on: 'job', group: 'Job', title: 'Open the job', about: 'in the panel of its camera' },
  { id: 'job.report', on: 'job', group: 'Job', title: 'Report', about: 'what was proved, and how it ended', available: over, cli: { words: 'jobs', options: '[JOB]' } },
  { id: 'job.cancel', on: 'job', group: 'Job', title: 'Cancel', about: 'stops at the next safe point', available: running },
  { id: 'job.resume', on: 'job', group: 'Job', title: 'Resume', about: 'plans the same again; what is done is not done twice', destructive: 'at-once', available: resumable },
] as const satisfies readonly CommandOn<'job'>[]

export const sessionCommands = [
  { id: 'session.open', on: 'session', group: 'Captures', title: 'Open the session', about: 'what was said, with times' },
  { id: 'session.find', on: 'session', group: 'Captures', title: 'Find in the session', about: 'words, up and down' },
  { id: 'session.export', on: 'session', group: 'Captures', title: 'Export the session', about: 'text, .cast, .dcap or CSV', cli: { words: 'captures export', options: '--format' } },
  { id: 'session.hex', on: 'session', group: 'Captures', title: 'Session as bytes or text', about: 'the other one of the two' },
  { id: 'session.replay', on: 'session', group: 'Captures', title: 'Replay, or pause', about: 'at the pace it was said', cli: { words: 'replay', options: 'FILE --serve' } },
  { id: 'session.close', on: 'session', group: 'Captures', title: 'Close the session', about: 'back to the lists' },
] as const satisfies readonly CommandOn<'session'>[]
