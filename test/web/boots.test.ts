// @vitest-environment happy-dom
import axe from 'axe-core'
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, rack, text } from './page.ts'

const rows = (): HTMLElement[] => all('[aria-label="Boots of this camera and firmware"] [role="option"]')

test('boots by camera and firmware, with their medians and outliers; two of them side by side, opened at the first difference', async () => {
  await rack()
  button('Captures').click()
  await until('the view', () => document.querySelector('main.captures') !== null)
  all('[data-tab="boots"]')[0]?.click()
  await until('boots', () => rows().length > 3)
  expect(text()).toMatch(/boots came to the login prompt, median \d+\.\d\d s, \d outlier.* · \d+ % quicker than Linux 4\.9\.37 #1 Mon Jan 1 2024 before it/)
  expect(document.querySelectorAll('.plot .bar').length).toBe(20)
  expect(rows()[0]?.textContent).toMatch(/boot ROM 0\.1\d s.*U-Boot.*kernel.*init/)
  expect((await axe.run(document.querySelector('.boots') as Element, { rules: { 'color-contrast': { enabled: false } } })).violations.map(({ id }) => id)).toEqual([])
  expect(button('Compare both').disabled).toBe(true)
  rows()[0]?.click()
  await until('one', () => /cam-\d+ \d\d:\d\d:\d\d, and another one/.test(text()))
  rows()[2]?.click()
  await until('two', () => !button('Compare both').disabled)
  button('Compare both').click()
  await until('both', () => document.querySelector('[aria-label="Two boots side by side"]') !== null)
  await until('the lines', () => all('[aria-label="Lines of both boots"] [role="option"]').length > 0)
  expect(text()).toContain('first difference in kernel')
  expect(document.querySelector('.row.first')?.textContent).toContain('eth0: link up')
  document.querySelector<HTMLButtonElement>('[aria-label="Back to the boots"]')?.click()
  await until('the list', () => rows().length > 3)
})

test('kinds of lines that a firmware said for the first time, with that firmware; a line opens its session', async () => {
  const { fixture } = await rack()
  button('Captures').click()
  await until('the view', () => document.querySelector('main.captures') !== null)
  all('[data-tab="new"]')[0]?.click()
  await until('new kinds', () => text().includes('3 kinds, newest first'))
  const news = all('[aria-label="New kinds"] [role="option"]')
  expect(news[0]?.textContent).toContain('Linux 4.9.37 #2 Tue Nov 3 2026')
  expect(news[0]?.textContent).toContain('7×')
  expect(fixture.calls).toContain('new any')
  news[0]?.click()
  await until('its session', () => document.querySelector('[aria-label="Lines of the session"]') !== null)
})
