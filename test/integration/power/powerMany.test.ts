import { expect, onTestFinished, test } from 'vitest'
import { powerMany } from '../../../src/main/composition/powerMany.ts'
import { createRouterOsConnection } from '../../../src/main/drivers/power/routerOsConnection.ts'
import { createRouterOsPower } from '../../../src/main/drivers/power/routerOsPower.ts'
import { powerSpecSchema } from '../../../src/shared/devices/powerSpec.schema.ts'
import type { RackBook } from '../../../src/main/core/rack/rackBook.ts'
import { type CameraId, cameraIdSchema } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { powerManySchema, type PowerStep } from '../../../src/shared/rack/powerAct.schema.ts'
import { createRouterOsStandIn } from '../../support/routerOsStandIn.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const idOf = (number: number): CameraId => cameraIdSchema.parse(`cam-${number}`)
const idsUpTo = (count: number): CameraId[] => Array.from({ length: count }, (_, index) => idOf(index + 1))

type Rack = Pick<RackBook, 'power' | 'camera' | 'view' | 'draw' | 'pods'>

/** A rack that only knows names and notes who was switched when. */
function rackOf(count: number, more: { readonly maintenance?: CameraId; readonly manual?: CameraId; readonly act?: (id: CameraId) => Promise<{ isVerified: boolean }> } = {}) {
  const clock = createVirtualClock()
  const acts: { id: CameraId; atMs: number }[] = []
  const ids = idsUpTo(count)
  const rack = {
    camera: (id: CameraId) => {
      if (!ids.includes(id)) throw new WorkbenchError('input/not-found', `There is no camera ${id}`)
      return { spec: { cameraName: id }, devices: { power: { ability: id === more.manual ? 'manual' : 'on-off' } } }
    },
    view: () => ({ revision: 1, pods: [{ cameras: ids.map((id) => ({ id, ...(id === more.maintenance ? { inventory: { maintenance: { sinceMs: 0, note: 'new lens' } } } : {}) })) }] }),
    power: async (id: CameraId) => { acts.push({ id, atMs: clock.nowMs() }); return more.act ? more.act(id) : { isVerified: true } },
  } as unknown as Rack
  const many = async (input: object, signal = new AbortController().signal, onStep: (step: PowerStep) => void = () => undefined): Promise<PowerStep[]> => clock.run((async () => {
    const steps: PowerStep[] = []
    for await (const step of powerMany({ rack, clock }, powerManySchema.parse({ cameraIds: ids, action: 'cycle', ...input }), signal)) { steps.push(step); onStep(step) }
    return steps
  })())
  return { clock, acts, many }
}
const ends = (steps: readonly PowerStep[]): Record<string, string> => Object.fromEntries(steps.map(({ cameraId, state, note }) => [cameraId, note === '' ? state : `${state}: ${note}`]))

test('one after the other, so that they do not start together; each with its own end', async () => {
  const { acts, many } = rackOf(4, {
    maintenance: idOf(2),
    act: async (id) => {
      if (id === idOf(3)) throw new WorkbenchError('pod/busy', 'a job has it', { hint: 'Wait for it' })
      if (id === idOf(4)) throw new WorkbenchError('link/unreachable', 'nobody answers')
      return { isVerified: false }
    },
  })
  const steps = await many({ staggerMs: 500 })
  expect(acts).toEqual([{ id: idOf(1), atMs: 0 }, { id: idOf(3), atMs: 500 }, { id: idOf(4), atMs: 1_000 }])
  expect(ends(steps)).toEqual({
    'cam-1': 'unverified: off and on again; this switch cannot be asked', 'cam-2': 'refused: left out: set aside for maintenance (new lens)', 'cam-3': 'refused: a job has it', 'cam-4': 'failed: nobody answers',
  })
  // What can be done about a busy camera goes with the refusal.
  expect(steps.flatMap(({ cameraId, hint }) => (hint === undefined ? [] : [`${cameraId}: ${hint}`]))).toEqual(['cam-3: Wait for it'])
  expect(steps.filter(({ state }) => state === 'waiting')).toHaveLength(4)
})

test('300 ms apart when nothing is said, and never more than a minute', async () => {
  const { acts, many } = rackOf(3)
  await many({ action: 'on' })
  expect(acts.map(({ atMs }) => atMs)).toEqual([0, 300, 600])
  expect(powerManySchema.safeParse({ cameraIds: [idOf(1)], action: 'on', staggerMs: 60_001 }).success).toBe(false)
  expect(powerManySchema.safeParse({ cameraIds: [idOf(1), idOf(1)], action: 'on' }).success).toBe(false)
})

test('more than eight only with their number, typed', async () => {
  const { acts, many } = rackOf(9)
  for (const confirm of [undefined, '', '8', '09', 'nine', 'yes']) await expect(many({ ...(confirm === undefined ? {} : { confirm }) })).rejects.toMatchObject({ code: 'input/conflict' })
  expect(acts).toEqual([])
  await many({ confirm: '9' })
  expect(acts).toHaveLength(9)
  await rackOf(8).many({})
})

test('a camera that is not there is a mistake of the whole list, before anything is switched', async () => {
  const { acts, many } = rackOf(2)
  await expect(many({ cameraIds: [idOf(1), idOf(7)] })).rejects.toMatchObject({ code: 'input/not-found' })
  expect(acts).toEqual([])
})

test('cancelling stops those that have not begun, and lets the others come to their end', async () => {
  const stop = new AbortController()
  const { acts, many } = rackOf(4)
  const steps = await many({}, stop.signal, ({ cameraId, state }) => { if (cameraId === idOf(2) && state === 'acting') stop.abort() })
  expect(acts.map(({ id }) => id)).toEqual([idOf(1), idOf(2)])
  expect(ends(steps)).toMatchObject({ 'cam-2': 'done: off and on again, read back', 'cam-3': 'refused: not begun: cancelled', 'cam-4': 'refused: not begun: cancelled' })
})

test('what a person switches is left out', async () => {
  const { acts, many } = rackOf(2, { manual: idOf(1) })
  expect(ends(await many({}))['cam-1']).toContain('by a person')
  expect(acts.map(({ id }) => id)).toEqual([idOf(2)])
})

/** Cameras 1 to 4 at ports 2 to 5 of one switch; the first is on and draws 4 W, as each of the others will. */
function switchOf({ told, given, measured }: { readonly told?: number; readonly given?: readonly (number | undefined)[]; readonly measured?: number }) {
  const clock = createVirtualClock()
  const ids = idsUpTo(4)
  const standIn = createRouterOsStandIn(clock, [{ name: 'ether1' }, ...ids.map((_, index) => ({ name: `ether${index + 2}`, poe: index === 0 ? 'forced-on' : 'off', hasLoad: true, watts: 4 }))])
  if (told !== undefined) standIn.behaviour.limitWatts = told
  const connections = ids.map(() => createRouterOsConnection({ label: 'RouterOS at lab:8728', user: 'admin', password: 'secret', openLine: standIn.openLine, clock }))
  onTestFinished(async () => { await Promise.all(connections.map(async (each) => each.close())); await standIn.close() })
  const powers = connections.map((connection, index) => createRouterOsPower({ connection, clock, port: { ethernet: `ether${index + 2}` } }))
  const specs = ids.map((_, index) => ({ cameraName: ids[index], power: powerSpecSchema.parse({ kind: 'routeros', host: 'lab', ethernet: `ether${index + 2}`, ...(given?.[index] === undefined ? {} : { budgetWatts: given[index] }) }) }))
  const at = (id: CameraId): number => ids.indexOf(id)
  const rack = {
    camera: (id: CameraId) => ({ spec: specs[at(id)], devices: { power: powers[at(id)] } }), pods: () => specs,
    draw: () => ({ isMeasured: true, points: measured === undefined ? [] : [{ atMs: 0, watts: measured }, { atMs: 1 }] }), view: () => ({ revision: 1, pods: [{ cameras: ids.map((id) => ({ id })) }] }),
    power: async (id: CameraId, action: 'on' | 'off', signal: AbortSignal) => { await powers[at(id)]?.set(action, signal); return { isVerified: true } },
  } as unknown as Rack
  const many = async (action = 'on'): Promise<Record<string, string>> => clock.run((async () => {
    const steps: PowerStep[] = []
    for await (const step of powerMany({ rack, clock }, powerManySchema.parse({ cameraIds: ids, action }), new AbortController().signal)) steps.push(step)
    return ends(steps)
  })())
  return { standIn, many, isOn: () => ids.filter((_, index) => standIn.isPowered(`ether${index + 2}`)) }
}

test('a switch is not asked for more than it can give: the next camera is begun only while what it may draw fits', async () => {
  const { many, isOn } = switchOf({ told: 20 })
  const words = 'refused: not begun: 18 W of the 20 W of RouterOS at lab:8728 are drawn or promised, and this camera may draw 7 W, because it was never measured'
  expect(await many()).toEqual({ 'cam-1': 'done: on, read back', 'cam-2': 'done: on, read back', 'cam-3': 'done: on, read back', 'cam-4': words })
  expect(isOn()).toEqual(idsUpTo(3))
})

test('what was measured counts in place of what is assumed, and of several figures of one switch the least', async () => {
  expect(await switchOf({ given: [undefined, 96, 12.5], measured: 4.1 }).many()).toMatchObject({
    'cam-2': 'done: on, read back', 'cam-3': 'done: on, read back', 'cam-4': expect.stringContaining('12.2 W of the 12.5 W of RouterOS at lab:8728 are drawn or promised, and this camera may draw 4.1 W, the most that was measured') as string,
  })
  // A supply that is smaller than the switch believes.
  expect((await switchOf({ told: 96, given: [10] }).many())['cam-2']).toContain('of the 10 W of')
})

test('where nobody says what a switch can give, and for switching off, nothing is counted', async () => {
  const unknown = switchOf({})
  await unknown.many()
  expect(unknown.isOn()).toEqual(idsUpTo(4))
  const full = switchOf({ told: 1 })
  await full.many('off')
  expect(full.isOn()).toEqual([])
})

test('a budget that cannot be read begins nothing', async () => {
  const { standIn, many, isOn } = switchOf({ told: 96 })
  standIn.behaviour.fault = (words) => (words[0] === '/interface/ethernet/poe/settings/print' ? 'fatal' : undefined)
  expect((await many())['cam-4']).toMatch(/^failed: not begun: /)
  expect(isOn()).toEqual(idsUpTo(1))
})
