import { expect, test } from 'vitest'
import { emptyPower, powerKinds, powerOfDraft, wordsOf } from './powerFields.ts'

test('each kind of switch comes out as the workbench wants it', () => {
  expect(powerOfDraft(emptyPower())).toEqual({ spec: { kind: 'manual' } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'routeros', host: ' 10.0.0.2 ', ethernet: 'ether3' })).toMatchObject({ spec: { kind: 'routeros', host: '10.0.0.2', ethernet: 'ether3', user: 'admin', tls: false } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'routeros', host: '10.0.0.2', comment: 'cam-01', certificate: 'AB:'.repeat(31) + 'AB' })).toMatchObject({ spec: { tls: true, certificateSha256: 'ab'.repeat(32) } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'routeros', host: '10.0.0.2', ethernet: 'ether3', budgetWatts: '96.5' })).toMatchObject({ spec: { budgetWatts: 96.5 } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'tasmota', host: 'plug', relay: '2' })).toMatchObject({ spec: { relay: 2 } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'pdudaemon', host: 'h', pdu: 'a', outlet: '4' })).toMatchObject({ spec: { pdu: 'a', outlet: '4' } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'vectis', host: 'h' })).toMatchObject({ spec: { kind: 'vectis', port: 35_240 } })
  expect(powerOfDraft({ ...emptyPower(), kind: 'command', on: 'relay "my camera" on', off: 'relay off' })).toMatchObject({ spec: { on: ['relay', 'my camera', 'on'], off: ['relay', 'off'] } })
})

test('what is missing is named by its field', () => {
  for (const { value } of powerKinds) {
    if (value === 'manual') continue
    expect(powerOfDraft({ ...emptyPower(), kind: value }), value).toMatchObject({ problem: expect.stringContaining(value === 'command' ? 'On' : 'Address') as string })
  }
  expect(powerOfDraft({ ...emptyPower(), kind: 'routeros', host: '10.0.0.2' })).toMatchObject({ problem: 'Port: is missing' })
  expect(powerOfDraft({ ...emptyPower(), kind: 'tasmota', host: 'plug', relay: 'x' })).toMatchObject({ problem: expect.stringContaining('Relay') as string })
  expect(powerOfDraft({ ...emptyPower(), kind: 'routeros', host: '10.0.0.2', ethernet: 'ether3', budgetWatts: '0' })).toMatchObject({ problem: expect.stringContaining('PoE budget, W') as string })
})

test('words of a command: spaces part them, quotes keep them together', () => {
  expect(wordsOf(` a  'b c' "d \\" e `)).toEqual(['a', 'b c', 'd \\', 'e'])
  expect(wordsOf('   ')).toEqual([])
})
