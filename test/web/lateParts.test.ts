// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { createApp, effectScope, type FunctionalComponent, h, nextTick, ref } from 'vue'
import { createLateParts } from '../../src/renderer/shell/late.ts'
import { until } from './memoryLink.ts'

const words = (text: string): FunctionalComponent => () => h('p', text)

test('a part is fetched when it is shown, the others when there is time, and one that cannot be fetched says so and is tried again', async () => {
  const late = createLateParts()
  const fetched: string[] = []
  let isReachable = false
  const Shown = late.part(async () => { fetched.push('shown'); return Promise.resolve({ default: words('here it is') }) })
  late.part(async () => { fetched.push('other'); return Promise.resolve({ default: words('never shown') }) })
  const Gone = late.part(async () => { fetched.push('gone'); return isReachable ? Promise.resolve({ default: words('back again') }) : Promise.reject(new Error('Failed to fetch dynamically imported module')) })
  const open = ref<'none' | 'shown' | 'gone'>('none')
  const told: unknown[] = []
  const place = document.createElement('div')
  const app = createApp({ render: () => (open.value === 'shown' ? h(Shown) : open.value === 'gone' ? h(Gone) : h('i')) })
  app.config.errorHandler = (error) => { told.push(error) }
  app.mount(place)
  expect(fetched).toEqual([])
  open.value = 'shown'
  await until('the part', () => place.textContent === 'here it is')
  expect(fetched).toEqual(['shown'])
  open.value = 'gone'
  await until('the words about it', () => told.length === 1)
  expect(told).toEqual([expect.objectContaining({ code: 'link/unreachable', message: 'This part of the window could not be fetched from the workbench' })])
  await late.fetchAll()
  expect(fetched).toEqual(['shown', 'gone', 'shown', 'other', 'gone'])
  open.value = 'none'
  await nextTick()
  isReachable = true
  open.value = 'gone'
  await until('the part', () => place.textContent === 'back again')
  app.unmount()
})

test('what nobody has opened is fetched after a while, and not when the window is closed by then', async () => {
  const fetched: string[] = []
  const open = (name: string, ms: number): (() => void) => {
    const late = createLateParts()
    late.part(async () => { fetched.push(name); return Promise.resolve({ default: words(name) }) })
    const window = effectScope()
    window.run(() => { late.fetchAllAfter(ms, (work) => { work() })() })
    return () => { window.stop() }
  }
  const closeShort = open('closed', 20)
  closeShort()
  const closeLong = open('open', 30)
  await until('the rest', () => fetched.length > 0)
  expect(fetched).toEqual(['open'])
  closeLong()
})
