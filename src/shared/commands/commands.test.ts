import { describe, expect, test } from 'vitest'
import type { JobSummary } from '../contracts/workbench.contract.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../devices/ids.ts'
import type { CameraView } from '../rack/rackView.schema.ts'
import type { Command, Standing, Targets } from './command.ts'
import { commandOf, commands } from './commands.ts'

const camera = (more: Partial<CameraView> = {}): CameraView => ({
  id: cameraIdSchema.parse('cam-01'), name: 'cam-01', podId: podIdSchema.parse('pod-1'), chip: 'hi3516ev300', flashBytes: 0, power: 'on', powerAbility: 'on-off', powerLabel: 'the pod', life: 'booted', lifeNote: '',
  bootStage: 4, lastLine: '', activity: [], console: 'open', consoleNote: '', bytesReceived: 0, bytesLost: 0, ...more,
})
const job = (more: Partial<JobSummary> = {}): JobSummary => ({
  id: jobIdSchema.parse('j1'), workflow: 'restore', title: 'Restore cam-01', camera: cameraIdSchema.parse('cam-01'), pod: podIdSchema.parse('pod-1'), state: 'succeeded', queuedAtMs: 0, ...more,
})
/** Whether it can be done with this, and the words if not. */
function standing(id: string, target: Targets[keyof Targets]): Standing | undefined {
  const command: Command | undefined = commandOf(id)
  if (!command) throw new Error(`no command ${id}`)
  return (command.available as ((target: Targets[keyof Targets]) => Standing | undefined) | undefined)?.(target)
}

describe('the list of commands', () => {
  test('each has an id of its own, a title and a sentence of one line', () => {
    expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length)
    for (const { id, title, about } of commands) {
      expect(id).toMatch(/^[a-z]+\.[a-zA-Z]+$/)
      expect(title, id).toMatch(/^[A-Z][^\n]{1,60}$/)
      expect(about, id).toMatch(/^[^\n]{4,90}$/)
    }
  })
  test('what overwrites a flash or cuts a power is marked', () => {
    expect(commands.filter(({ destructive }) => destructive !== undefined).map(({ id }) => id)).toEqual(['rack.identify', 'rack.findPorts', 'fleet.reboot', 'fleet.shutdown', 'batch.new', 'batch.stop', 'camera.restore', 'camera.install', 'power.off', 'power.cycle', 'cameras.restore', 'cameras.powerOff', 'cameras.powerCycle', 'job.resume'])
  })
  test('a power that cannot be switched says by whom it can, and a held camera who holds it', () => {
    expect(standing('power.off', camera())).toBeUndefined()
    expect(standing('power.on', camera())).toMatchObject({ cannot: true, sentence: 'Its power is on' })
    expect(standing('power.off', camera({ powerAbility: 'manual', powerLabel: 'power of cam-01' }))).toMatchObject({ cannot: true, sentence: 'power of cam-01 cannot be switched off from here' })
    expect(standing('power.cycle', camera({ powerAbility: 'cycle-only' }))).toBeUndefined()
    expect(standing('power.off', camera({ powerAbility: 'cycle-only' }))?.next).toBe('It can only be cycled')
    expect(standing('power.cycle', camera({ life: 'working', leaseHolder: 'job-7' }))?.sentence).toBe('job-7 holds this camera')
  })
  test('work that is not for a camera says what its tab says', () => {
    const why = { work: 'burn', cannot: true, sentence: 'It needs a U-Boot', next: 'Import one', fix: 'boot-files' } as const
    expect(standing('camera.burn', camera({ whyNot: [why] }))).toEqual(why)
    expect(standing('camera.dump', camera({ whyNot: [why] }))).toBeUndefined()
  })
  test('a lent console takes no file', () => {
    expect(standing('console.sendFile', camera({ console: 'lent', leaseHolder: 'job-7' }))?.sentence).toBe('The console is lent to job-7')
    expect(standing('console.sendFile', camera())).toBeUndefined()
  })
  test('a job is cancelled while it runs, reported when it is over, resumed when there is something left', () => {
    expect([standing('job.cancel', job({ state: 'running' })), standing('job.report', job()), standing('job.resume', job({ state: 'interrupted' }))]).toEqual([undefined, undefined, undefined])
    expect(standing('job.cancel', job())?.cannot).toBe(true)
    expect(standing('job.report', job({ state: 'running' }))?.cannot).toBe(true)
    expect(standing('job.resume', job())?.cannot).toBe(true)
    expect(standing('job.resume', job({ workflow: 'dump', state: 'failed' }))?.sentence).toContain('Only a restore')
  })
})
