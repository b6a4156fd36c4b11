import { testSql } from '@canopy/chassis/testing'
import { busContract } from './bus.ts'
import { type BusConnection, busOf } from './bus.process.ts'
