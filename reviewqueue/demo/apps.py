from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "reviewqueue.demo"
    label = "demo"
