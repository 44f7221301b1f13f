// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, card, fill, id, rack, text } from './page.ts'

const labels = (): string => document.querySelector<HTMLInputElement>('#inv-labels')?.value ?? ''

test('what somebody else says of a camera comes in, and what is typed after that is not lost and can be saved', async () => {
  const { fixture, link } = await rack()
  card('cam-02').click()
  await until('the panel', () => document.querySelector('aside.panel') !== null)
  all('[role="tab"]').find((tab) => tab.textContent?.trim() === 'Details')?.click()
  await until('the form', () => document.querySelector('#inv-labels') !== null)
  await link.client.inventory.change({ cameraId: id('cam-02'), change: { labels: ['theirs'] } })
  await until('the change of another window', () => labels() === 'theirs')
  fill('Labels', 'theirs, mine')
  await until('what is typed counts', () => text().includes('Not saved yet'))
  await link.client.inventory.change({ cameraId: id('cam-02'), change: { group: 'hall 2' } })
  await until('the next change arrived', () => fixture.calls.filter((call) => call.startsWith('inventory')).length === 2)
  expect(labels()).toBe('theirs, mine')
  button('Save').click()
  await until('it is saved', () => text().includes('Saved with the rack'))
  expect(fixture.calls.at(-1)).toContain('"labels":["theirs","mine"]')
})

test('what its console said of its board stands there, and leads to the line that says so', async () => {
  await rack()
  const board = (): string => (document.querySelector('section[aria-label="Board"]')?.textContent ?? '').replace(/\s+/g, ' ')
  card('cam-03').click()
  await until('the panel', () => document.querySelector('aside.panel') !== null)
  all('[role="tab"]').find((tab) => tab.textContent?.trim() === 'Details')?.click()
  await until('nothing yet is said in words', () => board().includes('Nothing yet') && board().includes('search index is still being made'))
  card('cam-01').click()
  await until('the board of another camera', () => board().includes('Sensorimx307') && board().includes('3072k(kernel)'))
  expect(board()).toContain('Last heard at')
  all('section[aria-label="Board"] button')[0]?.click()
  await until('its session', () => document.querySelector('section[aria-label="Session of cam-01"]') !== null)
})
