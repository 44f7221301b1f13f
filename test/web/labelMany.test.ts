// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, card, fill, rack, text } from './page.ts'

async function label() {
  const made = await rack()
  button('Select all shown').click()
  await until('all', () => text().includes('12 selected'))
  button('Label').click()
  await until('the dialog', () => text().includes('Label 12 cameras'))
  return made
}

test('many are labelled in one go, and each tells its outcome', async () => {
  const { fixture } = await label()
  expect(button('Change 12').disabled).toBe(true)
  fill('Add labels', '<b>')
  await until('what is wrong', () => text().includes('is no label'))
  fill('Add labels', 'qa, lens=4mm')
  await until('what it means', () => text().includes('This adds qa, lens=4mm'))
  button('Change 12').click()
  await until('the outcome', () => text().includes('11 of 12 changed'))
  expect(fixture.calls.filter((call) => call.startsWith('inventory'))).toEqual(['inventory of 12 {"addLabels":["qa","lens=4mm"],"removeLabels":[],"confirm":"12"}'])
  expect(all('[data-many="cam-02"]')[0]?.textContent).toContain('not changed')
  expect(text()).toContain('It would have 33 labels')
  expect(all('[data-many="cam-01"]')[0]?.textContent).toContain('qa, lens=4mm')
  button('Done').click()
  await until('closed', () => !text().includes('Label 12 cameras'))
  expect(card('cam-01')).toBeTruthy()
})

test('above eight, maintenance needs their number, and labels do not', async () => {
  const { fixture } = await label()
  button('Set aside').click()
  await until('the question', () => text().includes('These are 12 cameras'))
  expect(button('Change 12').disabled).toBe(true)
  const count = document.querySelector<HTMLInputElement>('input[aria-label="Number of cameras"]')!
  count.value = '12'
  count.dispatchEvent(new Event('input', { bubbles: true }))
  await until('open', () => !button('Change 12').disabled)
  button('Change 12').click()
  await until('the outcome', () => text().includes('11 of 12 changed'))
  expect(fixture.calls.at(-1)).toBe('inventory of 12 {"addLabels":[],"removeLabels":[],"maintenance":{"note":""},"confirm":"12"}')
})
