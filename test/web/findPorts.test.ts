// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, rack, text } from './page.ts'

async function dialog() {
  const made = await rack()
  button('Settings').click()
  await until('the settings', () => text().includes('Export the rack'))
  button('Find cameras on ports').click()
  await until('the switches', () => all('select').some((each) => each.textContent?.includes('RouterOS switch 10.216.128.2')))
  return made
}
async function choose(unit: string): Promise<void> {
  const select = all('select').find((each) => each.textContent?.includes('RouterOS switch')) as HTMLSelectElement
  select.selectedIndex = [...select.options].findIndex((option) => option.textContent?.includes(unit))
  select.dispatchEvent(new Event('change', { bubbles: true }))
  await until('chosen', () => unit === 'PDUDaemon' || all('[data-port]').length > 0)
}
const box = (port: string): HTMLInputElement => all(`[data-port="${port}"] input`)[0] as HTMLInputElement
const tick = (port: string): void => { box(port).checked = true; box(port).dispatchEvent(new Event('change', { bubbles: true })) }
const calls = (made: Awaited<ReturnType<typeof dialog>>): readonly string[] => made.fixture.calls.filter((call) => /^(?:findPorts|assignPorts)/.test(call))

test('nothing is chosen beforehand, what may not be cut cannot be, and the console that starts gets its port', async () => {
  const made = await dialog()
  await choose('RouterOS')
  expect(all('[data-port] input:checked')).toEqual([])
  expect(['ether1', 'ether2', 'ether5'].map((port) => box(port).disabled)).toEqual([true, true, true])
  expect(all('[data-port="ether1"]')[0]?.textContent).toContain('its comment says that it leads to the network')
  expect(all('[data-port="ether3"]')[0]?.textContent).toContain('3.1 W')
  expect(button('Cut ports').disabled).toBe(true)
  tick('ether3')
  tick('ether4')
  await until('two are chosen', () => text().includes('Cut 2 ports'))
  button(/Cut 2 ports/).click()
  await until('the result', () => text().includes('ether3 feeds cam-03'))
  expect(all('[data-port="ether4"]')[0]?.textContent).toContain('no console told of a start')
  expect(all('[data-port="ether6"]')[0]?.textContent).toContain('not cut')
  button('Store it').click()
  await until('stored', () => text().includes('Stored: each camera has the port that feeds it'))
  expect(calls(made)).toEqual(['findPorts routeros 10.216.128.2 ether3 ether4 2', 'assignPorts routeros 10.216.128.2 ether3>cam-03'])
})

test('above eight ports their number is typed', async () => {
  const made = await dialog()
  await choose('RouterOS')
  for (let port = 6; port <= 14; port += 1) tick(`ether${String(port)}`)
  await until('nine are chosen', () => text().includes('Type their number'))
  expect(text()).toContain('These are 9 ports')
  expect(button(/Cut 9 ports/).disabled).toBe(true)
  const count = all('[aria-label="Number of ports"]')[0] as HTMLInputElement
  count.value = '9'
  count.dispatchEvent(new Event('input', { bubbles: true }))
  await until('it may be cut', () => !button(/Cut 9 ports/).disabled)
  expect(calls(made)).toEqual([])
})

test('a unit without a list is told its ports by a person', async () => {
  await dialog()
  await choose('PDUDaemon')
  await until('its ports are asked for', () => all('[aria-label="Its ports"]').length === 1)
  const typed = all('[aria-label="Its ports"]')[0] as HTMLInputElement
  typed.value = '1-3'
  typed.dispatchEvent(new Event('input', { bubbles: true }))
  await until('it can be looked at', () => !button('Look at them').disabled)
  button('Look at them').click()
  await until('the ports', () => all('[data-port]').length === 3)
  expect(text()).toContain('A port that was off before is on afterwards')
})

test('settings list the serial ports and the switches, who uses them, and the next step for those that are free', async () => {
  await rack()
  button('Settings').click()
  const section = (): HTMLElement | null => document.querySelector('[aria-labelledby="set-lines"]')
  await until('the list', () => section()?.querySelector('tbody tr') !== null && section() !== null)
  const rows = [...section()!.querySelectorAll('tbody tr')].map((row) => [...row.querySelectorAll('td')].slice(1).map((cell) => cell.textContent?.trim()))
  expect(rows).toEqual([
    ['usb://1a86:7523@1-1.4', 'free', 'Add a camera'], ['usb://0403:6001/A50285BI', 'free', 'Add a camera'], ['usb://10c4:ea60/BENCH7', 'cam-desk', ''],
    ['routeros 10.216.128.2', 'cam-01, cam-04', 'Ports'], ['pdudaemon lab:16421 pdu01', 'cam-09', 'Ports'],
  ])
  section()!.querySelector<HTMLButtonElement>('tbody tr:nth-child(4) button')?.click()
  await until('its ports', () => document.querySelector('dialog select[aria-label="Switch"]') !== null)
})
