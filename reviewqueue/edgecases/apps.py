from django.apps import AppConfig


class EdgeCasesConfig(AppConfig):
    name = "reviewqueue.edgecases"
    label = "edgecases"
