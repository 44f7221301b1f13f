// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, rack, text } from './page.ts'

test('a camera on a serial adapter is added in two acts: its port, and Add camera; one that is taken says by whom', async () => {
  const made = await rack()
  button('Settings').click()
  await until('the settings', () => all('button').some((one) => one.textContent?.trim() === 'Add a pod'))
  button('Add a pod').click()
  await until('the ports', () => text().includes('/dev/ttyUSB1'))
  expect(button(/ttyUSB2/).disabled).toBe(true)
  expect(button(/ttyUSB2/).textContent).toContain('cam-desk has it')
  expect(button('Add pod').disabled).toBe(true)
  button(/ttyUSB1/).click()
  // The chip of the last camera is proposed, and a person is the power where no switch is named.
  await until('it may be added', () => all('button').some((one) => one.textContent?.trim() === 'Add camera' && !(one as HTMLButtonElement).disabled))
  button('Add camera').click()
  await until('it is gone', () => !text().includes('Name of its camera'))
  expect(made.fixture.calls.filter((call) => call.startsWith('addPod'))).toEqual([expect.stringMatching(/^addPod usb:\/\/0403:6001\/A50285BI (hi|gk)\w+$/)])
})
