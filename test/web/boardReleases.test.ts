// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { until } from './memoryLink.ts'
import { all, button, fill, rack, text } from './page.ts'

const releaseCalls = (calls: readonly string[]): readonly string[] => calls.filter((call) => call.startsWith('release'))
const rows = (): readonly string[] => all('[aria-label="Releases"] tbody tr').map((row) => (row.textContent ?? '').replace(/\s+/g, ' ').trim())
async function openReleases(options: Parameters<typeof rack>[0] = {}): ReturnType<typeof rack> {
  const bench = await rack(options)
  button('Updates').click()
  await until('the tabs', () => all('[role="tab"]').some((tab) => tab.textContent === 'Releases of boards'))
  all('[role="tab"]').find((tab) => tab.textContent === 'Releases of boards')?.click()
  await until('the releases', () => text().includes('Mirror for boards') && !text().includes('Reading the releases'))
  return bench
}
const inDialog = (name: string): HTMLButtonElement => all('dialog button').find((each) => each.textContent?.trim() === name) as HTMLButtonElement

test('a release is built from a folder, signed with the key of a file, and offered to nobody until it is published', async () => {
  const { fixture } = await openReleases()
  expect(rows().map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([expect.stringMatching(/^v1\.2\.0\s?not/), expect.stringMatching(/^v1\.1\.0\s?offered/), expect.stringMatching(/^v1\.0\.0\s?published/)])
  button('Build a release').click()
  await until('the form', () => document.querySelector('#release-folder') !== null)
  expect(inDialog('Build the release').disabled).toBe(true)
  const folder = document.querySelector<HTMLInputElement>('#release-folder')!
  folder.value = '/nowhere'
  folder.dispatchEvent(new Event('change', { bubbles: true }))
  await until('the reason', () => text().includes('The folder /nowhere cannot be read'))
  folder.value = '/home/lab/board'
  folder.dispatchEvent(new Event('change', { bubbles: true }))
  await until('the files', () => text().includes('3 files, 1 passed over') && text().includes('lib/a.py'))
  const exclude = document.querySelector<HTMLInputElement>('#release-exclude')!
  exclude.value = 'tests/**, *.md'
  exclude.dispatchEvent(new Event('change', { bubbles: true }))
  await until('fewer', () => text().includes('2 passed over'))
  fill('Version', 'v1.3.0')
  fill('File with the key', '/home/lab/key.txt')
  await until('it may', () => !inDialog('Build the release').disabled)
  inDialog('Build the release').click()
  await until('it is built', () => text().includes('v1.3.0 is built: 3 files, 4 KiB, signed'))
  expect(releaseCalls(fixture.calls)).toEqual(['release build /home/lab/board v1.3.0 +** -tests/**,*.md /home/lab/key.txt'])
  inDialog('Done').click()
  await until('its row', () => rows()[0]?.startsWith('v1.3.0') === true)
  button('Publish v1.3.0').click()
  await until('it is offered', () => /^v1\.3\.0\s?offered/.test(rows()[0] ?? ''))
  expect(releaseCalls(fixture.calls)).toContain('release publish v1.3.0')
})

test('a delta tells what it saves', async () => {
  const { fixture } = await openReleases()
  button('Delta for v1.2.0').click()
  await until('the form', () => document.querySelector<HTMLSelectElement>('#delta-from')?.value === 'v1.1.0')
  inDialog('Make the delta').click()
  await until('what is saved', () => text().includes('90 % saved in 4 files'))
  expect(releaseCalls(fixture.calls)).toEqual(['release delta v1.2.0 v1.1.0'])
})

test('a release is withdrawn by its version, typed, after it was said what boards are brought to then; what is published is not removed', async () => {
  const { fixture } = await openReleases()
  expect(button('Remove v1.1.0').disabled).toBe(true)
  button('Withdraw v1.1.0').click()
  await until('the question', () => text().includes('Boards that ask are brought to v1.0.0 then, also those that have v1.1.0'))
  expect(inDialog('Withdraw v1.1.0').disabled).toBe(true)
  fill('To withdraw it', 'v1.1')
  await until('not yet', () => inDialog('Withdraw v1.1.0').disabled)
  fill('To withdraw it', 'v1.1.0')
  await until('it may', () => !inDialog('Withdraw v1.1.0').disabled)
  inDialog('Withdraw v1.1.0').click()
  await until('the older one is offered', () => rows().some((row) => /^v1\.0\.0\s?offered/.test(row)))
  button('Remove v1.1.0').click()
  await until('the question', () => text().includes('those of its files that no other release names'))
  fill('To remove it', 'v1.1.0')
  await until('it may', () => !inDialog('Remove v1.1.0').disabled)
  inDialog('Remove v1.1.0').click()
  await until('it is gone', () => rows().every((row) => !row.startsWith('v1.1.0')))
  expect(releaseCalls(fixture.calls)).toEqual(['release withdraw v1.1.0', 'release remove v1.1.0'])
})

test('the mirror is opened and closed, at an address; nothing yet says what to do', async () => {
  const { fixture } = await openReleases({ isNew: true })
  expect(text()).toContain('No release yet. Build one from a folder')
  button('Open the mirror').click()
  await until('open', () => text().includes('Close the mirror'))
  button('Address').click()
  await until('the form', () => document.querySelector('#mirror-address') !== null)
  fill('Address of this machine', '10.0.4.1')
  await until('who reaches it', () => text().includes('Every machine of that network can fetch published releases there'))
  inDialog('Open it there').click()
  await until('there', () => text().includes('http://10.0.4.1:8090') && document.querySelector('#mirror-address') === null)
  expect(releaseCalls(fixture.calls)).toEqual(['release mirror open 127.0.0.1:8090', 'release mirror open 10.0.4.1:8090'])
  fixture.boardReleases.change((view) => ({ ...view, mirror: { ...view.mirror, state: 'failed', problem: 'Port 8090 cannot be opened' } }))
  await until('the reason', () => text().includes('The mirror stays closed: Port 8090 cannot be opened'))
})

test('1.40 LoRa and cellular are shown as a framework only, and there is nothing to start them with', async () => {
  await openReleases()
  const ways = all('[aria-labelledby="ways-head"] li').map((each) => (each.textContent ?? '').trim())
  expect(ways.filter((each) => /LoRa|Cellular/.test(each))).toEqual(['Cellularnot available: framework only: no update goes over it', 'LoRanot available: framework only: no update goes over it'])
  expect(all('[aria-labelledby="ways-head"] :is(button, input, select, a)')).toEqual([])
  expect(all('button, option, label').filter((each) => /lora|cellular/i.test(each.textContent ?? ''))).toEqual([])
})
