from . import bench_ticket
