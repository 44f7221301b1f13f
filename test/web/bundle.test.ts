// @vitest-environment happy-dom
import axe from 'axe-core'
import { expect, test } from 'vitest'
import { useViewStore } from '../../src/renderer/stores/view.ts'
import { until } from './memoryLink.ts'
import { all, button, rack, text } from './page.ts'

const dialog = (): HTMLElement => {
  const found = document.querySelector<HTMLElement>('dialog[aria-label="Support bundle"]')
  if (!found) throw new Error('no dialog')
  return found
}
const inDialog = (name: string): HTMLButtonElement => {
  const found = [...dialog().querySelectorAll('button')].find((each) => each.textContent?.trim() === name)
  if (!found) throw new Error(`no button ${name}`)
  return found
}
function type(id: string, words: string): void {
  const box = document.querySelector<HTMLTextAreaElement | HTMLInputElement>(`#${id}`)
  if (!box) throw new Error(`no box ${id}`)
  box.value = words
  box.dispatchEvent(new Event('input', { bubbles: true }))
}

test('one click looks, tells what is found, and makes the bundle; a choice looks again', async () => {
  const { fixture } = await rack()
  button('Captures').click()
  await until('the view', () => document.querySelector('main.captures') !== null)
  button('Support bundle').click()
  await until('what would go in', () => text().includes('43 console sessions'))
  const counts = (): string => [...dialog().querySelectorAll('fieldset label')].map((label) => label.textContent?.replace(/\s+/g, ' ').trim()).join('|')
  expect(counts()).toContain('Passwords14')
  expect(counts()).toContain('Keys and secrets0')
  expect((await axe.run(dialog(), { rules: { 'color-contrast': { enabled: false } } })).violations.map(({ id }) => id)).toEqual([])
  type('bundle-words', 'acme')
  await until('the word is counted', () => text().includes('7 places'))
  expect(fixture.calls.filter((call) => call.startsWith('bundle plan')).at(-1)).toBe('bundle plan ["acme"] ')
  inDialog('Raw bytes').click()
  await until('the warning', () => text().includes('nothing is taken out of them'))
  inDialog('Make the bundle').click()
  await until('where it is', () => text().includes('Written: /home/lab/.local/share/rackbench/bundles/'))
  type('bundle-patterns', '(a')
  await until('the refusal', () => text().includes('This is no pattern'))
})
test('a camera has its own', async () => {
  const { fixture } = await rack()
  all('[data-camera="cam-04"]')[0]?.click()
  await until('the panel', () => document.querySelector('aside.panel') !== null)
  document.querySelector<HTMLButtonElement>('aside.panel button[title^="A zip"]')?.click()
  await until('what would go in', () => text().includes('of cam-04'))
  expect(fixture.calls.at(-1)).toBe('bundle plan [] cam-04')
})

test('the selected have one, and it stays theirs when the selection is cleared under it', async () => {
  const { fixture } = await rack()
  const view = useViewStore()
  view.select(['cam-02', 'cam-05'] as never)
  await until('a selection', () => !button('Bundle').disabled)
  button('Bundle').click()
  await until('what would go in', () => text().includes('of cam-02, cam-05'))
  view.clearSelection()
  type('bundle-words', 'acme')
  await until('it looks again', () => text().includes('7 places'))
  expect(fixture.calls.filter((call) => call.startsWith('bundle plan')).at(-1)).toBe('bundle plan ["acme"] cam-02,cam-05')
})
