import { expect, test } from 'vitest'
import { addressSaid, filledMacro, questionsOf } from './macroText.ts'

const facts = { camera: 'cam-01', ip: '10.0.0.7', chip: 'hi3516ev300' }

test('what is known is filled in, what is not is asked once', () => {
  const text = 'ping {ip}\necho {camera} {ask:Ticket} {ask: Ticket } {serial}\n${HOME} {}'
  expect(questionsOf(text, facts)).toEqual(['Ticket', 'serial'])
  expect(filledMacro(text, facts, { Ticket: 'A-7', serial: '42' })).toBe('ping 10.0.0.7\necho cam-01 A-7 A-7 42\n${HOME} {}')
  expect(questionsOf('ping {ip}', { ...facts, ip: '' })).toEqual(['ip'])
})
test('an answer cannot add a line', () => {
  expect(filledMacro('echo {ask:What}\nls', facts, { What: 'x\rreboot\n{camera}' })).toBe('echo x reboot {camera}\nls')
})
test('the address is the one that the camera said last', () => {
  expect(addressSaid('ipaddr=192.168.1.10\r\neth0 inet addr:10.0.0.7 Mask\r\nlo inet addr:127.0.0.1')).toBe('10.0.0.7')
  expect(addressSaid('ping 10.0.0.9')).toBe('')
})
