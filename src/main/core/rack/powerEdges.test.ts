import { expect, test } from 'vitest'
import type { OnOffPower, PowerController, PowerState } from '../../../shared/devices/power.ts'
import { createPowerEdges } from './powerEdges.ts'

function bench() {
  const told: string[] = []
  const far = { state: 'on' as PowerState, fails: false }
  const switched = async (state: 'on' | 'off'): Promise<void> => { if (far.fails) throw new Error('no answer'); far.state = state }
  const power: OnOffPower = { ability: 'on-off', label: 'relay', proof: 'read-back', cycle: async () => switched('on'), set: async (state) => switched(state), read: async () => far.state }
  const edges = createPowerEdges((edge) => { told.push(edge) })
  const devices = edges.watched<{ readonly power: PowerController }>({ power })
  if (devices.power.ability !== 'on-off') throw new Error('its ability is gone')
  return { told, far, edges, power: devices.power, signal: new AbortController().signal }
}

test('acts are told when they are proved, failures as what they are', async () => {
  const { told, far, power, signal } = bench()
  await power.set('off', signal)
  await power.set('on', signal)
  await power.cycle(100, signal)
  far.fails = true
  await expect(power.set('off', signal)).rejects.toThrow('no answer')
  expect(told).toEqual(['power-off', 'power-on', 'cycle', 'power-on', 'power-failed'])
})
test('changes that nobody here made are told once; the first reading is none', async () => {
  const { told, far, edges, power, signal } = bench()
  await power.read(signal)
  edges.heard()
  expect(told).toEqual([])
  far.state = 'off'
  await power.read(signal)
  await power.read(signal)
  edges.heard()
  edges.heard()
  expect(told).toEqual(['seen-off', 'seen-on'])
  await power.set('off', signal)
  edges.heard()
  expect(told.slice(2)).toEqual(['power-off', 'seen-on'])
})
