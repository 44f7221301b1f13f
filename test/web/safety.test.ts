// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { button, card, fill, rack, text } from './page.ts'

test('power under a job that writes is refused in words, and switched only by the name, which nobody fills in', async () => {
  const { fixture } = await rack()
  card('cam-02').click()
  const tab = (): HTMLElement | undefined => [...document.querySelectorAll<HTMLElement>('[role="tab"]')].find((each) => each.textContent?.trim() === 'Power')
  await until('the tabs', () => tab() !== undefined)
  tab()?.click()
  await until('the power tab', () => text().includes('its power is refused until it ends'))
  button('Power cycle').click()
  await until('the refusal', () => text().includes('is writing the flash of cam-02 (Write and prove kernel, 61 %)'))
  const force = button('Switch it all the same')
  expect(document.querySelector<HTMLInputElement>('#force-name')?.value).toBe('')
  expect(force.disabled).toBe(true)
  fill('type cam-02', 'cam-0')
  await until('still closed', () => button('Switch it all the same').disabled)
  fill('type cam-02', 'cam-02')
  await until('open', () => !button('Switch it all the same').disabled)
  button('Switch it all the same').click()
  await until('the act', () => fixture.calls.includes('power cycle cam-02 forced cam-02'))
  expect(fixture.calls.filter((call) => call.startsWith('power'))).toEqual(['power cycle cam-02', 'power cycle cam-02 forced cam-02'])
  await until('the field is gone', () => document.querySelector('#force-name') === null)
})

test('Settings say where secrets are kept and list what was destroyed; the list is verified on a word', async () => {
  await rack()
  button('Settings').click()
  await until('the sections', () => text().includes('Where secrets are kept') && text().includes('restored and booted'))
  expect(text()).toContain('It is not encrypted')
  expect(text()).toContain('No telemetry')
  expect(text()).toContain('power cycle')
  button('Verify').click()
  await until('the verdict', () => text().includes('4 entries, none changed'))
})
